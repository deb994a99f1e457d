"""What one client may use: at its limits, under and over, on real streams."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import grpc
import pytest

from edgeserve.access.options import AccessOptions
from edgeserve.access.rights import Right
from edgeserve.access.token_file import create_token
from edgeserve.client import AsyncDetectionClient, Credentials, Policy, Status, StreamOptions
from edgeserve.domain.errors import TransportError
from edgeserve.domain.result import ErrorCode
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceStub
from tests import fakes
from tests.serving.conftest import read
from tests.serving.guarded import guarded

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.domain.result import FrameResult
    from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceAsyncStub

QUEUE = StreamOptions(policy=Policy.QUEUE, queue_size=64)
HOUR_S = 3600
FEW = 4


async def stream(address: str, count: int, options: StreamOptions) -> list[FrameResult]:
    async with AsyncDetectionClient(address) as client:
        return [one async for one in client.stream([fakes.jpeg()] * count, options)]


@pytest.mark.asyncio
async def test_under_its_limits_a_client_notices_nothing() -> None:
    options = AccessOptions(
        client_max_fps=1e6,
        client_max_bytes=1e12,
        client_max_pixels=1e12,
        client_max_streams=2,
        client_max_calls=1e6,
    )
    async with guarded(options) as running:
        for policy in (QUEUE, StreamOptions(policy=Policy.BLOCK)):
            results = await stream(running.address, 30, policy)
            assert [one.status for one in results] == [Status.OK] * 30


@pytest.mark.parametrize("setting", ["client_max_fps", "client_max_bytes", "client_max_pixels"])
@pytest.mark.asyncio
async def test_a_frame_over_the_limit_is_answered_with_the_setting_and_the_stream_lives(
    setting: str,
) -> None:
    # So slow that nothing comes back while the test runs: the first frame takes all there is.
    cost = {
        "client_max_fps": 1,
        "client_max_bytes": len(fakes.jpeg()),
        "client_max_pixels": 64 * 48,
    }
    limit = cost[setting] / HOUR_S
    options = AccessOptions.model_validate({setting: limit})
    frame = pb.StreamDetectRequest(frame=pb.Frame(image=pb.Image(data=fakes.jpeg())))
    async with guarded(options) as running, grpc.aio.insecure_channel(running.address) as channel:
        stub: DetectionServiceAsyncStub = DetectionServiceStub(channel)
        call = stub.StreamDetect()
        config = pb.StreamConfig(policy=pb.POLICY_QUEUE)
        await call.write(pb.StreamDetectRequest(config=config))
        await call.write(frame)
        await call.write(frame)
        assert (await read(call)).status == pb.RESULT_STATUS_OK
        refused = await read(call)
        assert refused.status == pb.RESULT_STATUS_ERROR
        assert refused.error.code == pb.ERROR_CODE_RATE_LIMITED
        assert f"(setting {setting})" in refused.error.message
        assert not call.done()
        with pytest.raises(grpc.aio.AioRpcError, match=setting) as caught:
            await stub.Detect(pb.DetectRequest(frame=frame.frame))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        call.cancel()


@pytest.mark.asyncio
async def test_a_block_stream_is_slowed_down_to_the_limit_and_loses_nothing() -> None:
    rate = 20
    async with guarded(AccessOptions(client_max_fps=rate)) as running:
        began = time.monotonic()
        results = await stream(running.address, 2 * rate, StreamOptions(policy=Policy.BLOCK))
        took_s = time.monotonic() - began
    assert [one.status for one in results] == [Status.OK] * 2 * rate
    # The burst is a second's worth; a slow machine takes longer, none less.
    assert took_s > 0.9


@pytest.mark.asyncio
async def test_a_flood_is_refused_at_a_pace_and_not_as_fast_as_it_comes() -> None:
    rate = 5
    async with guarded(AccessOptions(client_max_fps=rate)) as running:
        began = time.monotonic()
        results = await stream(running.address, 20, QUEUE)
        took_s = time.monotonic() - began
    refused = [one for one in results if one.error_code is ErrorCode.RATE_LIMITED]
    taken = [one for one in results if one.error_code is None]
    assert len(refused) + len(taken) == 20
    assert rate <= len(taken) <= rate * (1 + took_s) + 1
    # Each refusal holds the stream until a frame would be taken again.
    assert took_s > 0.9 * (len(refused) - 1) / rate


@pytest.mark.asyncio
async def test_streams_and_calls_at_and_over_the_limit_by_client(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    mine, theirs = (create_token(tokens, name, frozenset({Right.INFER})) for name in ("a", "b"))
    options = AccessOptions(tokens_file=str(tokens), client_max_streams=FEW)
    config = pb.StreamDetectRequest(config=pb.StreamConfig())
    frame = pb.StreamDetectRequest(frame=pb.Frame(image=pb.Image(data=fakes.jpeg())))
    async with guarded(options) as running, grpc.aio.insecure_channel(running.address) as channel:
        stub: DetectionServiceAsyncStub = DetectionServiceStub(channel)
        shown = (("authorization", f"Bearer {mine}"),)
        calls = [stub.StreamDetect(metadata=shown) for _ in range(FEW)]
        for call in calls:
            await call.write(config)
            await call.write(frame)
            assert (await read(call)).detections
        over = AsyncDetectionClient(running.address, credentials=Credentials(token=mine))
        with pytest.raises(TransportError, match=rf"token a has {FEW} .*client_max_streams"):
            await over.detect(fakes.jpeg())
        other = AsyncDetectionClient(running.address, credentials=Credentials(token=theirs))
        assert (await other.detect(fakes.jpeg())).labels == ("car",)
        await calls[0].done_writing()
        assert await calls[0].code() is grpc.StatusCode.OK
        deadline = time.monotonic() + 60
        while True:  # its place is given back just after its status was sent
            try:
                assert (await over.detect(fakes.jpeg())).labels == ("car",)
                break
            except TransportError:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.01)
        for call in calls:
            call.cancel()
        await over.close()
        await other.close()


@pytest.mark.asyncio
async def test_calls_over_the_limit_are_refused_by_name_of_the_setting() -> None:
    async with (
        guarded(AccessOptions(client_max_calls=FEW / HOUR_S)) as running,
        AsyncDetectionClient(running.address) as client,
    ):
        assert len(await client.list_models()) == 1
        with pytest.raises(TransportError, match="client_max_calls"):
            await client.list_models()
        await client.health()
