"""The protocol as Triton's client has it, as a FileDescriptorSet on stdout."""

from __future__ import annotations

import sys

from google.protobuf import descriptor_pb2
from tritonclient.grpc import model_config_pb2, service_pb2


def main() -> None:
    files = descriptor_pb2.FileDescriptorSet()
    for module in (model_config_pb2, service_pb2):
        module.DESCRIPTOR.CopyToProto(files.file.add())
    sys.stdout.buffer.write(files.SerializeToString())


if __name__ == "__main__":
    main()
