"""The rows of the bad-input table that a client can cause."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, cast

import grpc
import pytest

from edgeserve.access.limits import Limits
from edgeserve.wire._generated import detection_pb2 as pb
from tests import fakes

if TYPE_CHECKING:
    from tests.serving.conftest import Running, Start

JPEG = fakes.jpeg()
UNKNOWN = cast("pb.Encoding.ValueType", 77)


def bomb() -> bytes:
    """A PNG of a few bytes whose header promises 900 million pixels."""
    body = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + chunk


async def stream_one(running: Running, image: pb.Image) -> tuple[pb.FrameResult, pb.FrameResult]:
    """The result of a bad frame, and of a good one after it on the same stream."""
    call = running.stub.StreamDetect()
    await call.write(pb.StreamDetectRequest(config=pb.StreamConfig(policy=pb.POLICY_BLOCK)))
    await call.write(pb.StreamDetectRequest(frame=pb.Frame(frame_id=1, image=image)))
    good = pb.Frame(frame_id=2, image=pb.Image(data=JPEG))
    await call.write(pb.StreamDetectRequest(frame=good))
    await call.done_writing()
    first, second = [response.result async for response in call]
    return first, second


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("image", "code", "words"),
    [
        (pb.Image(), pb.ERROR_CODE_INVALID_IMAGE, "0 bytes"),
        (pb.Image(data=b"hello, world"), pb.ERROR_CODE_INVALID_IMAGE, "not a JPEG"),
        (pb.Image(data=JPEG[:-400]), pb.ERROR_CODE_INVALID_IMAGE, "JPEG"),
        (
            pb.Image(data=JPEG, encoding=pb.ENCODING_PNG),
            pb.ERROR_CODE_INVALID_IMAGE,
            "says PNG",
        ),
        (
            pb.Image(data=JPEG, encoding=cast("pb.Encoding.ValueType", 77)),
            pb.ERROR_CODE_INVALID_IMAGE,
            "77",
        ),
        (
            pb.Image(data=b"x" * 10, encoding=pb.ENCODING_BGR, width_px=4, height_px=4),
            pb.ERROR_CODE_INVALID_IMAGE,
            "48 bytes",
        ),
        (
            pb.Image(encoding=pb.ENCODING_BGR, width_px=1 << 31, height_px=1 << 31),
            pb.ERROR_CODE_TOO_MANY_PIXELS,
            "max_pixels",
        ),
        (pb.Image(data=bomb()), pb.ERROR_CODE_TOO_MANY_PIXELS, "max_pixels"),
    ],
)
async def test_a_bad_frame_gets_its_error_and_the_stream_lives(
    start: Start,
    image: pb.Image,
    code: pb.ErrorCode.ValueType,
    words: str,
) -> None:
    async with start() as running:
        bad, good = await stream_one(running, image)
    assert bad.status == pb.RESULT_STATUS_ERROR
    assert bad.error.code == code
    assert words in bad.error.message
    assert good.status == pb.RESULT_STATUS_OK


@pytest.mark.asyncio
async def test_a_frame_over_the_byte_limit_names_limit_and_setting(start: Start) -> None:
    limits = Limits(max_frame_bytes=2048)
    assert len(JPEG) < 2048
    async with start(limits=limits) as running:
        at_limit, _ = await stream_one(running, pb.Image(data=b"x" * 2048))
        over, good = await stream_one(running, pb.Image(data=b"x" * 2049))
    assert at_limit.error.code == pb.ERROR_CODE_INVALID_IMAGE
    assert over.error.code == pb.ERROR_CODE_TOO_MANY_BYTES
    assert "2048" in over.error.message
    assert "max_frame_bytes" in over.error.message
    assert good.status == pb.RESULT_STATUS_OK


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (pb.DetectOptions(model="nope"), grpc.StatusCode.NOT_FOUND, "fake:1"),
        (pb.DetectOptions(version="9"), grpc.StatusCode.NOT_FOUND, "fake:1"),
        (
            pb.DetectOptions(score_threshold=float("nan")),
            grpc.StatusCode.INVALID_ARGUMENT,
            "score_threshold",
        ),
        (
            pb.DetectOptions(iou_threshold=float("inf")),
            grpc.StatusCode.INVALID_ARGUMENT,
            "iou_threshold",
        ),
        (
            pb.DetectOptions(max_detections=0),
            grpc.StatusCode.INVALID_ARGUMENT,
            "max_detections",
        ),
        (pb.DetectOptions(labels=["dragon"]), grpc.StatusCode.INVALID_ARGUMENT, "person, car"),
    ],
)
async def test_wrong_options_end_the_call_and_say_what_exists(
    start: Start,
    options: pb.DetectOptions,
    code: grpc.StatusCode,
    words: str,
) -> None:
    async with start() as running:
        unary = pb.DetectRequest(options=options, frame=pb.Frame(image=pb.Image(data=JPEG)))
        with pytest.raises(grpc.aio.AioRpcError, match=words) as refused:
            await running.stub.Detect(unary)
        call = running.stub.StreamDetect()
        await call.write(pb.StreamDetectRequest(config=pb.StreamConfig(options=options)))
        with pytest.raises(grpc.aio.AioRpcError, match=words) as refused_stream:
            await call.read()
    assert refused.value.code() is code
    assert refused_stream.value.code() is code


@pytest.mark.asyncio
async def test_a_bad_picture_in_a_unary_call_is_its_status(start: Start) -> None:
    async with start() as running:
        request = pb.DetectRequest(frame=pb.Frame(image=pb.Image(data=b"hello")))
        with pytest.raises(grpc.aio.AioRpcError, match="not a JPEG") as refused:
            await running.stub.Detect(request)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "requests",
    [
        [pb.StreamDetectRequest(frame=pb.Frame(image=pb.Image(data=JPEG)))],
        [
            pb.StreamDetectRequest(config=pb.StreamConfig()),
            pb.StreamDetectRequest(config=pb.StreamConfig()),
        ],
        [pb.StreamDetectRequest()],
        [pb.StreamDetectRequest(config=pb.StreamConfig(policy=cast("pb.Policy.ValueType", 42)))],
    ],
    ids=["frame first", "config twice", "empty message", "unknown policy"],
)
async def test_a_stream_against_the_protocol_is_ended_with_the_reason(
    start: Start,
    requests: list[pb.StreamDetectRequest],
) -> None:
    async with start() as running:
        call = running.stub.StreamDetect()
        for request in requests:
            await call.write(request)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call.read()
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details()
