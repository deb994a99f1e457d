"""Loading and unloading, as far as the protocol carries them: the control is a stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

from edgeserve.access.limits import Limits
from edgeserve.access.places import Places
from edgeserve.domain.errors import ModelNotFoundError
from edgeserve.domain.status import ModelStatus, RepositoryEntry
from edgeserve.oip.service import OpenInference
from edgeserve.serving.options import ServingOptions
from edgeserve.serving.server import GrpcServer
from edgeserve.wire._generated import inference_pb2 as pb
from edgeserve.wire._generated.inference_pb2_grpc import GRPCInferenceServiceStub
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import Sequence


class Control:
    """One model that can be loaded, and what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def index(self) -> Sequence[RepositoryEntry]:
        return [
            RepositoryEntry("fake", "1", served=True, ready=True),
            RepositoryEntry("other", "2", served=False, ready=False),
        ]

    def load(self, name: str, version: str = "") -> ModelStatus:
        self.asked.append(("load", name + version))
        if name != "other":
            text = f"there is no bundle {name!r}; there is other"
            raise ModelNotFoundError(text)
        return ModelStatus(name, "2", ready=True)

    def reload(self, name: str, version: str = "") -> Sequence[ModelStatus]:
        return [self.load(name, version)]

    def unload(self, name: str, version: str = "") -> None:
        self.asked.append(("unload", name + version))


@pytest.mark.asyncio
async def test_loads_and_unloads_reach_the_control_and_its_errors_the_client() -> None:
    control, limits = Control(), Limits()
    models = fakes.served_models()
    oip = OpenInference.of(models, limits, Places(limits), control)
    server = GrpcServer(models, list, limits, ServingOptions(listen="127.0.0.1:0"), oip=oip)
    try:
        address = await server.start()
        async with grpc.aio.insecure_channel(address) as channel:
            stub = GRPCInferenceServiceStub(channel)
            metadata = await stub.ServerMetadata(pb.ServerMetadataRequest())
            assert "model_repository" in metadata.extensions
            index = await stub.RepositoryIndex(pb.RepositoryIndexRequest())
            assert [(one.name, one.state) for one in index.models] == [
                ("fake", "READY"),
                ("other", "UNAVAILABLE"),
            ]
            ready = await stub.RepositoryIndex(pb.RepositoryIndexRequest(ready=True))
            assert [one.name for one in ready.models] == ["fake"]
            await stub.RepositoryModelLoad(pb.RepositoryModelLoadRequest(model_name="other"))
            unload = pb.RepositoryModelUnloadRequest(model_name="other")
            unload.parameters["unload_dependents"].bool_param = True
            await stub.RepositoryModelUnload(unload)
            with pytest.raises(grpc.aio.AioRpcError, match="there is other") as refused:
                await stub.RepositoryModelLoad(pb.RepositoryModelLoadRequest(model_name="nope"))
            assert refused.value.code() is grpc.StatusCode.NOT_FOUND
            files = pb.RepositoryModelLoadRequest(model_name="other")
            files.parameters["file:1/model.onnx"].bytes_param = b"x"
            with pytest.raises(grpc.aio.AioRpcError, match="no parameters") as refused:
                await stub.RepositoryModelLoad(files)
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    finally:
        await server.stop()
        models.close()
    assert control.asked == [("load", "other"), ("unload", "other"), ("load", "nope")]
