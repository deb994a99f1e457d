"""What the server tells of itself, and a client that has only the server's word for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from edgeserve.wire._generated import inference_pb2 as pb
from edgeserve.wire._generated.inference_pb2_grpc import GRPCInferenceServiceStub
from tests import fakes
from tests.serving.oip.requests import encoded

if TYPE_CHECKING:
    from tests.serving.conftest import Start


@pytest.mark.asyncio
async def test_server_and_model_describe_themselves(start: Start) -> None:
    async with start() as running:
        stub = GRPCInferenceServiceStub(running.channel)
        assert (await stub.ServerLive(pb.ServerLiveRequest())).live
        assert (await stub.ServerReady(pb.ServerReadyRequest())).ready
        assert (await stub.ModelReady(pb.ModelReadyRequest(name="fake"))).ready
        assert not (await stub.ModelReady(pb.ModelReadyRequest(name="nope"))).ready
        server = await stub.ServerMetadata(pb.ServerMetadataRequest())
        model = await stub.ModelMetadata(pb.ModelMetadataRequest(name="fake"))
        config = (await stub.ModelConfig(pb.ModelConfigRequest(name="fake"))).config
        index = await stub.RepositoryIndex(pb.RepositoryIndexRequest(ready=True))
    assert server.name == "edgeserve"
    assert "binary_tensor_data" in server.extensions
    # It says so where models can be loaded, and here they cannot.
    assert "model_repository" not in server.extensions
    side = fakes.SIDE_PX
    assert [(one.name, one.datatype, list(one.shape)) for one in model.inputs] == [
        ("encoded_images", "BYTES", [-1]),
        ("images", "UINT8", [-1, side, side, 3]),
    ]
    names = ["boxes", "scores", "class_ids", "count", "labels", "raw.boxes", "raw.scores"]
    assert [one.name for one in model.outputs] == names
    assert [one.name for one in config.output] == names
    assert config.input[1].format == pb.ModelInput.FORMAT_NHWC
    assert config.parameters["labels"].string_value == "person,car"
    assert [(one.name, one.state) for one in index.models] == [("fake", "READY")]


@pytest.mark.asyncio
async def test_unknown_models_and_loads_are_refused_by_code(start: Start) -> None:
    async with start() as running:
        stub = GRPCInferenceServiceStub(running.channel)
        for call, expected in (
            (stub.ModelMetadata(pb.ModelMetadataRequest(name="nope")), grpc.StatusCode.NOT_FOUND),
            (stub.ModelConfig(pb.ModelConfigRequest(name="nope")), grpc.StatusCode.NOT_FOUND),
            (
                stub.ModelStatistics(pb.ModelStatisticsRequest(name="nope")),
                grpc.StatusCode.NOT_FOUND,
            ),
            (
                stub.RepositoryModelLoad(pb.RepositoryModelLoadRequest(model_name="fake")),
                grpc.StatusCode.UNIMPLEMENTED,
            ),
            (
                stub.RepositoryModelUnload(pb.RepositoryModelUnloadRequest(model_name="fake")),
                grpc.StatusCode.UNIMPLEMENTED,
            ),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call
            assert refused.value.code() is expected


@pytest.mark.asyncio
async def test_statistics_count_what_the_model_did(start: Start) -> None:
    async with start() as running:
        stub = GRPCInferenceServiceStub(running.channel)
        await stub.ModelInfer(encoded([fakes.jpeg()] * 3))
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.ModelInfer(encoded([b"nonsense"]))
        (model,) = (await stub.ModelStatistics(pb.ModelStatisticsRequest())).model_stats
    stats = model.inference_stats
    assert (model.name, model.version, model.inference_count) == ("fake", "1", 3)
    assert (stats.success.count, stats.fail.count, stats.compute_infer.count) == (1, 1, 3)
    assert stats.success.ns >= stats.compute_infer.ns / 3 > 0
    assert model.last_inference


@pytest.mark.asyncio
async def test_a_generic_client_infers_by_reflection_alone(start: Start) -> None:
    async with start() as running:
        found = await asyncio.to_thread(_infer_by_reflection, running.address, fakes.jpeg())
    assert found == {"boxes": [1, 1, 4], "scores": [1, 1], "class_ids": [1, 1], "count": [1]}


def _infer_by_reflection(address: str, picture: bytes) -> dict[str, list[int]]:
    """Call ModelInfer with what the server tells of it, and none of our stubs."""
    with grpc.insecure_channel(address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert "inference.GRPCInferenceService" in database.get_services()
        pool = descriptor_pool.DescriptorPool(database)
        service = pool.FindServiceByName("inference.GRPCInferenceService")
        method = service.methods_by_name["ModelInfer"]
        request: Any = message_factory.GetMessageClass(method.input_type)(model_name="fake")
        answer_class = message_factory.GetMessageClass(method.output_type)
        tensor = request.inputs.add(name="encoded_images", datatype="BYTES", shape=[1])
        tensor.contents.bytes_contents.append(picture)
        call: Any = channel.unary_unary(
            f"/{service.full_name}/{method.name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer_class.FromString,
        )
        answer: Any = call(request, timeout=60)
        # Its stream stays open as long as it lives.
        del database, pool
    return {output.name: list(output.shape) for output in answer.outputs}
