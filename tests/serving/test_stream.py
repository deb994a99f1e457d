"""The stream contract over a real channel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest

from edgeserve.access.limits import Limits
from edgeserve.pipeline.observer import NullObserver
from edgeserve.pipeline.options import PipelineOptions
from edgeserve.serving.options import ServingOptions
from edgeserve.wire._generated import detection_pb2 as pb
from tests import fakes
from tests.serving.conftest import read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from tests.serving.conftest import Call, Start


JPEG = fakes.jpeg()


def config(policy: pb.Policy.ValueType, queue_size: int = 0) -> pb.StreamDetectRequest:
    return pb.StreamDetectRequest(config=pb.StreamConfig(policy=policy, queue_size=queue_size))


def frame(frame_id: int, data: bytes = JPEG) -> pb.StreamDetectRequest:
    return pb.StreamDetectRequest(frame=pb.Frame(frame_id=frame_id, image=pb.Image(data=data)))


async def read_all(call: Call, results: list[pb.FrameResult]) -> None:
    """Read until the call ends, by error."""
    while True:
        results.append(await read(call))


async def messages(
    first: pb.StreamDetectRequest,
    frames: Iterable[pb.StreamDetectRequest],
) -> AsyncIterator[pb.StreamDetectRequest]:
    yield first
    for one in frames:
        yield one


@pytest.mark.asyncio
async def test_500_frames_with_bad_ones_among_them_come_back_in_order(start: Start) -> None:
    def data(number: int) -> bytes:
        if number % 7 == 3:
            return b""
        if number % 11 == 5:
            return JPEG[:200]
        return JPEG

    bad = {number for number in range(500) if data(number) != JPEG}
    sent = messages(config(pb.POLICY_BLOCK), (frame(n, data(n)) for n in range(500)))
    async with start() as running:
        results = [response.result async for response in running.stub.StreamDetect(sent)]
    assert [result.frame_id for result in results] == list(range(500))
    errors = {r.frame_id for r in results if r.status == pb.RESULT_STATUS_ERROR}
    assert errors == bad
    assert {r.error.code for r in results if r.frame_id in bad} == {pb.ERROR_CODE_INVALID_IMAGE}
    good = [r for r in results if r.frame_id not in bad]
    assert all(r.status == pb.RESULT_STATUS_OK and len(r.detections) == 1 for r in good)


class Counting(NullObserver):
    """Counts the frames that the server has read."""

    def __init__(self, expected: int = 0) -> None:
        self.received = 0
        self.all_there = asyncio.Event()
        self._expected = expected

    def frame_received(self, source: str) -> None:
        assert source == "grpc"
        self.received += 1
        if self.received == self._expected:
            self.all_there.set()


@pytest.mark.asyncio
async def test_latest_answers_replaced_frames_too(start: Start) -> None:
    gate, counting = fakes.Gate(), Counting(expected=6)
    async with start(gate, workers=1, observer=counting) as running:
        call = running.stub.StreamDetect()
        await call.write(config(pb.POLICY_LATEST))
        await call.write(frame(0))
        await asyncio.to_thread(gate.entered.acquire)
        for number in range(1, 6):
            await call.write(frame(number))
        await call.done_writing()
        await counting.all_there.wait()
        gate.go.release(2)
        results = [response.result async for response in call]
    ok, dropped = pb.RESULT_STATUS_OK, pb.RESULT_STATUS_DROPPED
    assert [(r.frame_id, r.status) for r in results] == [
        (0, ok), (1, dropped), (2, dropped), (3, dropped), (4, dropped), (5, ok),
    ]  # fmt: skip
    assert {r.drop_reason for r in results[1:5]} == {pb.DROP_REASON_REPLACED}


@pytest.mark.asyncio
async def test_block_reads_no_further_than_its_queue(start: Start) -> None:
    gate, counting = fakes.Gate(), Counting()
    async with start(gate, workers=1, observer=counting) as running:
        sent = messages(config(pb.POLICY_BLOCK, queue_size=3), (frame(n) for n in range(20)))
        call = running.stub.StreamDetect(sent)
        for done in range(20):
            await asyncio.to_thread(gate.entered.acquire)
            assert counting.received <= done + 3
            gate.go.release()
            assert (await read(call)).frame_id == done
        assert await call.read() is grpc.aio.EOF
    assert counting.received == 20


@pytest.mark.asyncio
async def test_a_cancelled_stream_frees_its_place_and_runs_nothing_more(start: Start) -> None:
    class Watching(NullObserver):
        def __init__(self) -> None:
            self.open = 0
            self.closed = asyncio.Event()
            self.loop = asyncio.get_running_loop()

        def streams(self, change: int) -> None:
            self.open += change
            if self.open == 0:
                self.loop.call_soon_threadsafe(self.closed.set)

    gate, watching = fakes.Gate(), Watching()
    async with start(gate, workers=1, observer=watching, limits=Limits(max_streams=1)) as running:
        call = running.stub.StreamDetect()
        await call.write(config(pb.POLICY_BLOCK, queue_size=5))
        for number in range(5):
            await call.write(frame(number))
        await asyncio.to_thread(gate.entered.acquire)
        call.cancel()
        await asyncio.wait_for(watching.closed.wait(), 60)
        gate.go.release(100)
        again = messages(config(pb.POLICY_BLOCK), [frame(99)])
        results = [r.result.frame_id async for r in running.stub.StreamDetect(again)]
        assert results == [99]
        # The cancelled stream's first frame and the new stream's: nothing that waited ever ran.
        assert gate.entered.acquire(timeout=60)
        assert not gate.entered.acquire(blocking=False)


@pytest.mark.asyncio
async def test_one_stream_too_many_is_refused_by_the_setting(start: Start) -> None:
    async with start(limits=Limits(max_streams=1)) as running:
        first = running.stub.StreamDetect()
        await first.write(config(pb.POLICY_BLOCK))
        await first.write(frame(0))
        await first.read()
        second = running.stub.StreamDetect()
        await second.write(config(pb.POLICY_BLOCK))
        with pytest.raises(grpc.aio.AioRpcError, match="max_streams") as refused:
            await second.read()
        await first.done_writing()
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.asyncio
async def test_drain_answers_what_was_read_and_names_the_last_frame(start: Start) -> None:
    gate = fakes.Gate()
    async with start(gate, workers=1) as running:
        call = running.stub.StreamDetect()
        await call.write(config(pb.POLICY_BLOCK, queue_size=3))
        for number in range(10, 16):
            await call.write(frame(number))
        await asyncio.to_thread(gate.entered.acquire)
        draining = asyncio.create_task(running.server.drain())
        gate.go.release(100)
        answered: list[pb.FrameResult] = []
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await read_all(call, answered)
        await draining
        trailer = dict(ended.value.trailing_metadata() or ())
        refused = running.stub.StreamDetect()
        await refused.write(config(pb.POLICY_BLOCK))
        with pytest.raises(grpc.aio.AioRpcError) as late:
            await refused.read()
    assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
    assert [r.frame_id for r in answered] == list(range(10, 10 + len(answered)))
    assert all(r.status == pb.RESULT_STATUS_OK for r in answered)
    assert trailer["last-frame-id"] == str(answered[-1].frame_id)
    assert late.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.asyncio
async def test_drain_ends_a_stream_that_has_not_begun(start: Start) -> None:
    async with start() as running:
        call = running.stub.StreamDetect()
        reading = asyncio.create_task(call.read())
        # A unary call behind it: when it is answered, the stream has reached the server.
        await running.stub.Detect(pb.DetectRequest(frame=pb.Frame(image=pb.Image(data=JPEG))))
        await running.server.drain()
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await reading
        assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
        assert "last-frame-id" not in dict(ended.value.trailing_metadata() or ())


@pytest.mark.asyncio
async def test_frames_that_drain_cannot_wait_for_are_answered_as_dropped(start: Start) -> None:
    gate = fakes.Gate()
    serving = ServingOptions(listen="127.0.0.1:0", drain_timeout=0.05)
    async with start(gate, workers=1, serving=serving) as running:
        call = running.stub.StreamDetect()
        await call.write(config(pb.POLICY_BLOCK, queue_size=4))
        for number in range(4):
            await call.write(frame(number))
        await asyncio.to_thread(gate.entered.acquire)
        draining = asyncio.create_task(running.server.drain())
        await asyncio.sleep(0.2)
        gate.go.release(100)
        results = [await read(call) for _ in range(2)]
        await draining
    assert results[0].status == pb.RESULT_STATUS_OK
    assert results[1].drop_reason == pb.DROP_REASON_SHUTDOWN


@pytest.mark.asyncio
async def test_a_client_that_does_not_read_is_ended(start: Start) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Watching(NullObserver):
        timed_out = 0

        def write_timed_out(self, source: str) -> None:
            assert source == "grpc"
            self.timed_out += 1

        def streams(self, change: int) -> None:
            if change < 0:
                loop.call_soon_threadsafe(ended.set)

    serving = ServingOptions(listen="127.0.0.1:0", write_timeout=0.3)
    pipeline = PipelineOptions(max_queue_size=100_000)
    observer = Watching()
    async with start(serving=serving, pipeline=pipeline, observer=observer) as running:
        call = running.stub.StreamDetect()
        await call.write(config(pb.POLICY_BLOCK, queue_size=100_000))

        async def feed() -> None:
            number = 0
            while not ended.is_set():
                await call.write(frame(number, b"not an image"))
                number += 1

        feeding = asyncio.create_task(feed())
        await asyncio.wait_for(ended.wait(), 60)
        call.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
    assert observer.timed_out == 1


@pytest.mark.asyncio
async def test_a_queue_over_the_limit_is_refused_by_the_setting(start: Start) -> None:
    async with start(pipeline=PipelineOptions(max_queue_size=16)) as running:
        call = running.stub.StreamDetect()
        await call.write(config(pb.POLICY_BLOCK, queue_size=17))
        with pytest.raises(grpc.aio.AioRpcError, match="max_queue_size") as refused:
            await call.read()
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.asyncio
async def test_a_priority_over_the_cap_is_refused_by_the_setting(start: Start) -> None:
    async with start() as running:
        call = running.stub.StreamDetect()
        high = pb.StreamConfig(priority=pb.PRIORITY_HIGH)
        await call.write(pb.StreamDetectRequest(config=high))
        with pytest.raises(grpc.aio.AioRpcError, match="max_priority") as refused:
            await call.read()
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
