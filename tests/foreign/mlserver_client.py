"""MLServer's codecs and stubs against a server of ours: run in an environment of its own.

Usage: mlserver_client.py GRPC_ADDRESS HTTP_ADDRESS PICTURE...

Prints, as JSON, what each way of asking found in the pictures.
"""

from __future__ import annotations

import base64
import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from mlserver.codecs import NumpyCodec
from mlserver.grpc import dataplane_pb2
from mlserver.grpc.converters import ModelInferRequestConverter, ModelInferResponseConverter
from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub
from mlserver.types import InferenceRequest, InferenceResponse, Parameters, RequestInput

MODEL = "road-csp-tiny"


def found(response: InferenceResponse) -> list[dict[str, Any]]:
    values = {one.name: NumpyCodec.decode_output(one) for one in response.outputs}
    shapes = {one.name: one.shape for one in response.outputs}
    values = {name: np.asarray(value).reshape(shapes[name]) for name, value in values.items()}
    return [
        {
            "boxes": values["boxes"][index, :real].tolist(),
            "scores": values["scores"][index, :real].tolist(),
            "class_ids": values["class_ids"][index, :real].tolist(),
        }
        for index, real in enumerate(values["count"].ravel().tolist())
    ]


def over_grpc(address: str, pictures: list[bytes]) -> Any:  # noqa: ANN401 - of JSON
    tensor = RequestInput(
        name="encoded_images", datatype="BYTES", shape=[len(pictures)], data=pictures
    )
    message = ModelInferRequestConverter.from_types(
        InferenceRequest(inputs=[tensor]), model_name=MODEL, model_version=""
    )
    with grpc.insecure_channel(address) as channel:
        stub = GRPCInferenceServiceStub(channel)
        assert stub.ModelReady(dataplane_pb2.ModelReadyRequest(name=MODEL)).ready
        index = stub.RepositoryIndex(dataplane_pb2.RepositoryIndexRequest())
        assert MODEL in [one.name for one in index.models]
        return found(ModelInferResponseConverter.to_types(stub.ModelInfer(message, timeout=60)))


def over_rest(address: str, pictures: list[bytes]) -> Any:  # noqa: ANN401 - of JSON
    tensor = RequestInput(
        name="encoded_images",
        datatype="BYTES",
        shape=[len(pictures)],
        parameters=Parameters(content_type="base64"),
        data=[base64.b64encode(one).decode() for one in pictures],
    )
    body = InferenceRequest(inputs=[tensor]).model_dump_json(exclude_none=True).encode()
    url = f"http://{address}/v2/models/{MODEL}/infer"
    with urllib.request.urlopen(url, body, timeout=60) as answer:
        return found(InferenceResponse.model_validate_json(answer.read()))


def main() -> None:
    grpc_address, http_address, *paths = sys.argv[1:]
    pictures = [Path(path).read_bytes() for path in paths]
    ways = {
        "grpc": over_grpc(grpc_address, pictures),
        "rest": over_rest(http_address, pictures),
    }
    sys.stdout.write(json.dumps(ways))


if __name__ == "__main__":
    main()
