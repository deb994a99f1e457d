"""Bytes that are no message, and messages that are small on the wire and large in memory."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from edgeserve.access.limits import Limits
from edgeserve.access.options import AccessOptions
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated import inference_pb2 as oip
from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceStub
from tests import fakes
from tests.serving.conftest import read
from tests.serving.guarded import guarded

if TYPE_CHECKING:
    from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceAsyncStub
    from tests.serving.conftest import Start

OURS, OPEN = "/edgeserve.v1.DetectionService", "/inference.GRPCInferenceService"
CORRUPT = b"\xff\xff\xff\xff corrupt"
INVALID = grpc.StatusCode.INVALID_ARGUMENT
LONGEST = 2100
MEGA = 1 << 20


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "method",
    [
        f"{OURS}/Detect",
        f"{OURS}/WatchCamera",
        f"{OURS}/ListModels",
        f"{OPEN}/ModelInfer",
        f"{OPEN}/ModelMetadata",
        "/grpc.health.v1.Health/Check",
    ],
)
async def test_a_corrupt_request_is_the_client_s_fault_and_no_line_in_the_log(
    start: Start, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with start() as running:
            call: Any = running.channel.unary_unary(method)
            with pytest.raises(grpc.aio.AioRpcError, match="is no message") as refused:
                await call(CORRUPT)
    assert refused.value.code() is INVALID
    assert not caplog.records


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "first"),
    [
        (f"{OURS}/StreamDetect", b""),
        (
            f"{OURS}/StreamDetect",
            pb.StreamDetectRequest(config=pb.StreamConfig()).SerializeToString(),
        ),
        (f"{OPEN}/ModelStreamInfer", b""),
        ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", b""),
    ],
    ids=["at first", "later", "infer", "reflection"],
)
async def test_a_corrupt_message_ends_its_stream_with_the_reason(
    start: Start, method: str, first: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with start() as running:
            call: Any = running.channel.stream_stream(method)()
            if first:
                await call.write(first)
            await call.write(CORRUPT)
            with pytest.raises(grpc.aio.AioRpcError, match="is no message") as refused:
                await call.read()
    assert refused.value.code() is INVALID
    assert not caplog.records


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "message"),
    [
        (
            f"{OURS}/Detect",
            pb.DetectRequest(options=pb.DetectOptions(labels=[""] * MEGA)),
        ),
        (
            f"{OPEN}/ModelInfer",
            oip.ModelInferRequest(
                outputs=[oip.ModelInferRequest.InferRequestedOutputTensor()] * MEGA
            ),
        ),
    ],
    ids=["labels", "outputs"],
)
async def test_a_million_fields_are_refused_before_they_take_memory(
    start: Start, method: str, message: pb.DetectRequest | oip.ModelInferRequest
) -> None:
    async with start() as running:
        call: Any = running.channel.unary_unary(method)
        with pytest.raises(grpc.aio.AioRpcError, match="more than 65536 fields") as refused:
            await call(message.SerializeToString())
    assert refused.value.code() is INVALID


@pytest.mark.asyncio
async def test_a_large_raw_frame_is_no_such_message(start: Start) -> None:
    side = 800
    image = pb.Image(
        data=bytes(side * side * 3), encoding=pb.ENCODING_BGR, width_px=side, height_px=side
    )
    assert len(image.data) > MEGA
    async with start() as running:
        answer = await running.stub.Detect(pb.DetectRequest(frame=pb.Frame(image=image)))
    assert (answer.result.width_px, answer.result.height_px) == (side, side)


@pytest.mark.asyncio
@pytest.mark.parametrize("long", ["x" * 100_000, "日本" * 20_000, "\U0001f600" * 20_000])
async def test_what_a_client_sent_is_quoted_in_part_however_long_it_is(
    start: Start, long: str
) -> None:
    for options in (pb.DetectOptions(labels=[long]), pb.DetectOptions(model=long)):
        async with start() as running:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await running.stub.Detect(pb.DetectRequest(options=options))
        told = str(refused.value.details())
        assert refused.value.code() in {INVALID, grpc.StatusCode.NOT_FOUND}
        assert long[:100] in told
        assert "bytes left out" in told
        assert len(told.encode()) <= LONGEST


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["../fake", "/etc/passwd", "fake\n1", "fake\0", "\u202efake", "ﬀ"])
async def test_names_are_no_paths_and_are_quoted_as_what_they_are(start: Start, name: str) -> None:
    async with start() as running:
        with pytest.raises(grpc.aio.AioRpcError, match="serves fake:1") as refused:
            await running.stub.Detect(pb.DetectRequest(options=pb.DetectOptions(model=name)))
        with pytest.raises(grpc.aio.AioRpcError, match="it has person, car") as unknown:
            await running.stub.Detect(pb.DetectRequest(options=pb.DetectOptions(labels=[name])))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    for told in (refused.value.details(), unknown.value.details()):
        assert repr(name) in str(told)
        assert str(told).isprintable()


@pytest.mark.asyncio
async def test_a_compressed_message_is_taken_and_a_bomb_is_refused(start: Start) -> None:
    packed = grpc.Compression.Gzip
    limits = Limits(max_frame_bytes=MEGA)
    async with start(limits=limits) as running:
        good = pb.DetectRequest(frame=pb.Frame(image=pb.Image(data=fakes.jpeg())))
        assert (await running.stub.Detect(good, compression=packed)).result.detections
        channel = grpc.aio.insecure_channel(
            running.address, options=[("grpc.max_send_message_length", -1)]
        )
        async with channel:
            bomb = pb.DetectRequest(frame=pb.Frame(image=pb.Image(data=bytes(64 * MEGA))))
            stub: DetectionServiceAsyncStub = DetectionServiceStub(channel)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.Detect(bomb, compression=packed)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.asyncio
async def test_a_picture_that_lies_about_its_size_is_counted_by_its_header() -> None:
    pixels = 64 * 48
    options = AccessOptions(client_max_pixels=pixels / 3600)
    image = pb.Image(data=fakes.jpeg(), width_px=1, height_px=1)
    frame = pb.StreamDetectRequest(frame=pb.Frame(image=image))
    async with guarded(options) as running, grpc.aio.insecure_channel(running.address) as channel:
        stub: DetectionServiceAsyncStub = DetectionServiceStub(channel)
        call = stub.StreamDetect()
        config = pb.StreamConfig(policy=pb.POLICY_QUEUE)
        await call.write(pb.StreamDetectRequest(config=config))
        await call.write(frame)
        await call.write(frame)
        assert (await read(call)).status == pb.RESULT_STATUS_OK
        assert (await read(call)).error.code == pb.ERROR_CODE_RATE_LIMITED
        call.cancel()
