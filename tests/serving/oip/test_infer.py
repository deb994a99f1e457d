"""ModelInfer: frames in two forms, detections and raw outputs back, Triton's status codes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest

from edgeserve.access.limits import Limits
from edgeserve.pipeline.options import PipelineOptions
from edgeserve.telemetry.metrics import Metrics
from edgeserve.wire._generated import inference_pb2 as pb
from edgeserve.wire._generated.inference_pb2_grpc import GRPCInferenceServiceStub
from tests import fakes
from tests.serving.oip.requests import arrays, encoded, of_tensor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tests.serving.conftest import Start

SIDE = fakes.SIDE_PX
GREY = np.full((SIDE, SIDE, 3), 114, dtype=np.uint8)


def by_brightness(tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
    """A car in a bright picture, nothing in a dark one."""
    outputs = fakes.one_object(tensor)
    outputs["scores"][:, 1, 0] = 20 if np.asarray(tensor).mean() > 100 else -20
    return outputs


async def code_of(call: Any) -> grpc.StatusCode:  # noqa: ANN401 - any unary call
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    code: grpc.StatusCode = refused.value.code()
    return code


@pytest.mark.asyncio
async def test_an_encoded_picture_gives_the_boxes_that_detect_gives(start: Start) -> None:
    async with start() as running:
        stub = GRPCInferenceServiceStub(running.channel)
        answer = await stub.ModelInfer(encoded([fakes.jpeg(64, 64)]))
    found = arrays(answer)
    assert (answer.model_name, answer.model_version) == ("fake", "1")
    assert list(found) == ["boxes", "scores", "class_ids", "count"]
    np.testing.assert_allclose(found["boxes"], [[[0, 0, 12, 12]]], atol=0.01)
    assert found["scores"].shape == (1, 1)
    assert found["class_ids"].tolist() == [[1]]
    assert found["count"].tolist() == [1]


@pytest.mark.asyncio
async def test_a_batch_is_padded_to_the_frame_with_most_detections(start: Start) -> None:
    dark, bright = (np.full((SIDE, SIDE, 3), value, dtype=np.uint8) for value in (0, 255))
    batch = np.stack([dark, bright, dark])
    async with start(by_brightness) as running:
        stub = GRPCInferenceServiceStub(running.channel)
        found = arrays(
            await stub.ModelInfer(of_tensor("images", "UINT8", batch.shape, batch.tobytes()))
        )
    assert found["count"].tolist() == [0, 1, 0]
    assert found["class_ids"].tolist() == [[-1], [1], [-1]]
    assert found["boxes"].shape == (3, 1, 4)
    assert not found["boxes"][0].any()
    assert found["boxes"][1].any()


@pytest.mark.asyncio
async def test_the_models_own_tensor_reaches_the_engine_unchanged(start: Start) -> None:
    seen: list[NDArray[np.generic]] = []

    def look(tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
        seen.append(tensor.copy())
        return fakes.one_object(tensor)

    sent = np.random.default_rng(1).integers(0, 256, (1, SIDE, SIDE, 3), dtype=np.uint8)
    async with start(look) as running:
        stub = GRPCInferenceServiceStub(running.channel)
        found = arrays(
            await stub.ModelInfer(of_tensor("images", "UINT8", sent.shape, sent.tobytes()))
        )
    np.testing.assert_array_equal(seen[-1], sent)
    # Boxes are in the pixels of the tensor.
    np.testing.assert_allclose(found["boxes"], [[[0, 0, 12, 12]]], atol=0.01)


@pytest.mark.asyncio
async def test_raw_outputs_and_labels_come_on_request(start: Start) -> None:
    wanted = ["raw.scores", "labels", "raw.boxes"]
    async with start() as running:
        stub = GRPCInferenceServiceStub(running.channel)
        answer = await stub.ModelInfer(encoded([fakes.jpeg()] * 2, wanted))
    assert [output.name for output in answer.outputs] == wanted
    expected = fakes.one_object(np.zeros((2, SIDE, SIDE, 3)))
    found = arrays(answer)
    np.testing.assert_array_equal(found["raw.scores"], expected["scores"])
    np.testing.assert_array_equal(found["raw.boxes"], expected["boxes"])
    assert answer.raw_output_contents[1] == b"\x03\0\0\0car" * 2


@pytest.mark.asyncio
async def test_parameters_choose_what_is_reported(start: Start) -> None:
    async with start() as running:
        stub = GRPCInferenceServiceStub(running.channel)
        picture = [fakes.jpeg(64, 64)]
        for wishes, count in (
            ({"score_threshold": 0.9, "iou_threshold": 0.5, "max_detections": 1}, 1),
            ({"score_threshold": 1}, 0),
            ({"labels": "person"}, 0),
            ({"labels": "car, person", "sequence_id": 5, "priority": 1}, 1),
        ):
            found = arrays(await stub.ModelInfer(encoded(picture, ["count"], **wishes)))
            assert found["count"].tolist() == [count], wishes


@pytest.mark.asyncio
async def test_typed_contents_are_read_like_raw_ones(start: Start) -> None:
    pictures = pb.ModelInferRequest(model_name="fake", id="7")
    one = pictures.inputs.add(name="encoded_images", datatype="BYTES", shape=[1, 1])
    one.contents.bytes_contents.append(fakes.jpeg(64, 64))
    pixels = pb.ModelInferRequest(model_name="fake")
    two = pixels.inputs.add(name="images", datatype="UINT8", shape=[1, SIDE, SIDE, 3])
    two.contents.uint_contents.extend(GREY.ravel().tolist())
    async with start() as running:
        stub = GRPCInferenceServiceStub(running.channel)
        for message in (pictures, pixels):
            answer = await stub.ModelInfer(message)
            assert arrays(answer)["count"].tolist() == [1]
            assert answer.id == message.id


@pytest.mark.asyncio
async def test_bad_requests_end_with_the_codes_of_triton_and_the_server_lives(start: Start) -> None:
    tensor = GREY.tobytes()
    good = encoded([fakes.jpeg()])
    unknown, version, both = (pb.ModelInferRequest() for _ in range(3))
    for message in (unknown, version, both):
        message.CopyFrom(good)
    unknown.model_name = "nope"
    version.model_version = "9"
    both.inputs[0].contents.bytes_contents.append(b"x")
    invalid = {
        "no input": pb.ModelInferRequest(model_name="fake"),
        "unknown input": of_tensor("pixels", "UINT8", [1], b"x"),
        "shape": of_tensor("images", "UINT8", [1, 32, 32, 3], tensor[:3072]),
        "bytes": of_tensor("images", "UINT8", [1, SIDE, SIDE, 3], tensor[1:]),
        "type": of_tensor("images", "FP32", [1, SIDE, SIDE, 3], tensor * 4),
        "no such type": of_tensor("images", "INT4", [1], b"x"),
        "negative": of_tensor("images", "UINT8", [-1, SIDE, SIDE, 3], tensor),
        "no frame": encoded([]),
        "too many frames": encoded([b""] * 1025),
        "cut off": of_tensor("encoded_images", "BYTES", [1], b"\xff\xff\xff\xff1"),
        "too many elements": of_tensor("encoded_images", "BYTES", [1], bytes(8)),
        "not an image": encoded([b"nonsense"]),
        "output": encoded([fakes.jpeg()], ["heatmap"]),
        "threshold": encoded([fakes.jpeg()], score_threshold=1.5),
        "threshold's type": encoded([fakes.jpeg()], score_threshold="high"),
        "label": encoded([fakes.jpeg()], labels="zebra"),
        "policy": encoded([fakes.jpeg()], policy="fastest"),
        "contents twice": both,
    }
    async with start() as running:
        stub = GRPCInferenceServiceStub(running.channel)
        assert await code_of(stub.ModelInfer(unknown)) is grpc.StatusCode.NOT_FOUND
        assert await code_of(stub.ModelInfer(version)) is grpc.StatusCode.NOT_FOUND
        for name, message in invalid.items():
            code = await code_of(stub.ModelInfer(message))
            assert code is grpc.StatusCode.INVALID_ARGUMENT, name
        assert arrays(await stub.ModelInfer(good))["count"].tolist() == [1]


@pytest.mark.asyncio
async def test_a_bad_frame_of_a_batch_is_named(start: Start) -> None:
    async with start() as running:
        stub = GRPCInferenceServiceStub(running.channel)
        with pytest.raises(grpc.aio.AioRpcError, match="frame 1 of 2: "):
            await stub.ModelInfer(encoded([fakes.jpeg(), b"nonsense"]))


@pytest.mark.asyncio
async def test_no_memory_is_unavailable_and_a_frame_over_the_limit_names_it(start: Start) -> None:
    big = encoded([b"\xff" * (1 << 21)])
    async with start(pipeline=PipelineOptions(max_waiting_bytes=1 << 20)) as running:
        stub = GRPCInferenceServiceStub(running.channel)
        assert await code_of(stub.ModelInfer(big)) is grpc.StatusCode.UNAVAILABLE
    async with start(limits=Limits(max_frame_bytes=1024)) as running:
        stub = GRPCInferenceServiceStub(running.channel)
        with pytest.raises(grpc.aio.AioRpcError, match="max_frame_bytes"):
            await stub.ModelInfer(encoded([bytes(1025)]))


@pytest.mark.asyncio
async def test_drain_waits_for_a_request_and_takes_no_new_one(start: Start) -> None:
    gate = fakes.Gate()
    async with start(gate, workers=1) as running:
        stub = GRPCInferenceServiceStub(running.channel)
        call = asyncio.ensure_future(stub.ModelInfer(encoded([fakes.jpeg()])))
        assert await asyncio.to_thread(gate.entered.acquire, timeout=60)
        draining = asyncio.create_task(running.server.drain())
        gate.go.release()
        assert arrays(await call)["count"].tolist() == [1]
        await draining
        assert await code_of(stub.ModelInfer(encoded([b""]))) is grpc.StatusCode.UNAVAILABLE
        ready = await stub.ServerReady(pb.ServerReadyRequest())
        assert not ready.ready


@pytest.mark.asyncio
async def test_frames_are_counted_with_source_oip(start: Start) -> None:
    metrics = Metrics()
    async with start(observer=metrics) as running:
        stub = GRPCInferenceServiceStub(running.channel)
        await stub.ModelInfer(encoded([fakes.jpeg()] * 3))
    text = metrics.render("")[0].decode()
    assert 'edgeserve_results_total{source="oip",status="ok"} 3.0' in text
