"""Streams: order, exactly once across broken connections, bounds, early ends."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import grpc
import pytest

from edgeserve.client import (
    AsyncDetectionClient,
    DetectOptions,
    EncodedFrame,
    Policy,
    StreamOptions,
)
from edgeserve.domain.errors import (
    ModelNotFoundError,
    ModelNotReadyError,
    NotPermittedError,
    RequestError,
    TransportError,
    UnauthenticatedError,
)
from tests.client.fake_server import FakeServer, Step, drain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


async def _ids(client: AsyncDetectionClient, count: int) -> list[int]:
    results: list[int] = []
    await _collect(client, count, results)
    return results


async def _collect(client: AsyncDetectionClient, count: int, results: list[int]) -> None:
    """Keeps what came before a failure."""
    async for result in client.stream(b"picture" for _ in range(count)):
        results.append(result.frame_id)  # noqa: PERF401 - as said


@pytest.mark.asyncio
async def test_results_come_in_order_with_the_options_asked_for(server: FakeServer) -> None:
    options = StreamOptions(
        detect=DetectOptions(model="m", score_threshold=0.5, labels=("car",)),
        policy=Policy.QUEUE,
        queue_size=3,
    )
    async with AsyncDetectionClient(server.address) as client:
        results = [result async for result in client.stream([b"a", b"b", b"c"], options)]
    assert [result.frame_id for result in results] == [0, 1, 2]
    assert results[0].labels == ("person",)
    assert results[0].detections.boxes_xyxy.tolist() == [[1, 2, 3, 4]]
    (config,) = server.configs
    assert config.options.model == "m"
    assert config.options.labels == ["car"]
    assert config.queue_size == 3


@pytest.mark.asyncio
async def test_frames_keep_their_own_numbers(server: FakeServer) -> None:
    frames = [EncodedFrame(number, b"x") for number in (7, 3, 2**60)]
    async with AsyncDetectionClient(server.address) as client:
        results = [result.frame_id async for result in client.stream(frames)]
    assert results == [7, 3, 2**60]


@pytest.mark.asyncio
async def test_two_frames_of_one_number_are_refused(server: FakeServer) -> None:
    server.steps = [Step(answers=0)]
    frames = [EncodedFrame(7, b"x"), EncodedFrame(7, b"x")]
    async with AsyncDetectionClient(server.address) as client:
        with pytest.raises(RequestError, match="frame_id 7"):
            _ = [result async for result in client.stream(frames)]


@pytest.mark.asyncio
async def test_no_pictures_no_results(server: FakeServer) -> None:
    async with AsyncDetectionClient(server.address) as client:
        assert await _ids(client, 0) == []


@pytest.mark.asyncio
@pytest.mark.parametrize("reads", [0, 1, 20, 70, 100])
async def test_a_drained_stream_goes_on_exactly_once(server: FakeServer, reads: int) -> None:
    server.steps = [drain(reads), drain(5), Step()]
    async with AsyncDetectionClient(server.address, max_unanswered=16) as client:
        assert await _ids(client, 100) == list(range(100))
    # Every frame was read by just one of the servers.
    assert [number for ids in server.read for number in ids] == list(range(100))


@pytest.mark.asyncio
async def test_the_real_end_of_a_stream_is_seen_while_frames_are_sent(server: FakeServer) -> None:
    """grpc.aio puts INTERNAL in the place of the server's status when a write comes too late."""
    server.steps = [*[drain(3)] * 60, Step()]
    async with AsyncDetectionClient(server.address) as client:
        client_ids: list[int] = []
        for _ in range(20):
            client_ids = await _ids(client, 9)
    assert client_ids == list(range(9))


@pytest.mark.asyncio
async def test_frames_whose_results_were_lost_are_sent_again(server: FakeServer) -> None:
    server.steps = [Step(reads=12, answers=5, code=UNAVAILABLE), Step()]
    async with AsyncDetectionClient(server.address) as client:
        assert await _ids(client, 40) == list(range(40))
    assert server.read == [list(range(12)), list(range(5, 40))]


@pytest.mark.asyncio
async def test_a_killed_server_is_waited_for(server: FakeServer) -> None:
    server.steps = [Step(answers=5)]
    fifth = asyncio.Event()
    results: list[int] = []

    async def consume() -> None:
        async for result in client.stream(b"x" for _ in range(30)):
            results.append(result.frame_id)
            if result.frame_id == 4:
                fifth.set()

    async with AsyncDetectionClient(server.address) as client:
        consumer = asyncio.create_task(consume())
        await fifth.wait()
        await server.stop()
        server.steps = [Step()]
        await server.start()
        await consumer
    assert results == list(range(30))
    assert server.read[-1] == list(range(5, 30))


@pytest.mark.asyncio
async def test_a_server_that_stays_away_is_named(server: FakeServer) -> None:
    await server.stop()
    async with AsyncDetectionClient(server.address, reconnect_timeout=0.3) as client:
        with pytest.raises(TransportError, match=rf"{server.address}.*edgeserve serve"):
            await _ids(client, 3)


@pytest.mark.asyncio
async def test_a_server_that_refuses_again_and_again_is_given_up(server: FakeServer) -> None:
    server.steps = [drain(4), Step(reads=0, code=UNAVAILABLE)]
    async with AsyncDetectionClient(server.address, reconnect_timeout=0.5) as client:
        results: list[int] = []
        with pytest.raises(TransportError, match="the server's words"):
            await _collect(client, 10, results)
    assert results == [0, 1, 2, 3]
    assert len(server.read) > 2


@pytest.mark.asyncio
async def test_no_reconnection_where_none_is_wanted(server: FakeServer) -> None:
    server.steps = [drain(4), Step()]
    async with AsyncDetectionClient(server.address, reconnect_timeout=0) as client:
        with pytest.raises(TransportError):
            await _ids(client, 10)
    assert len(server.read) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, RequestError),
        (grpc.StatusCode.NOT_FOUND, ModelNotFoundError),
        (grpc.StatusCode.FAILED_PRECONDITION, ModelNotReadyError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, TransportError),
        (grpc.StatusCode.INTERNAL, TransportError),
        (grpc.StatusCode.PERMISSION_DENIED, NotPermittedError),
        (grpc.StatusCode.UNAUTHENTICATED, UnauthenticatedError),
    ],
)
async def test_other_ends_are_raised_at_once(
    server: FakeServer,
    code: grpc.StatusCode,
    kind: type[Exception],
) -> None:
    server.steps = [Step(reads=2, code=code)]
    async with AsyncDetectionClient(server.address) as client:
        with pytest.raises(kind, match="the server's words") as caught:
            await _ids(client, 50)
    assert type(caught.value) is kind
    assert len(server.read) == 1


@pytest.mark.asyncio
async def test_a_stream_that_ends_too_early_is_no_success(server: FakeServer) -> None:
    server.steps = [Step(reads=2)]
    async with AsyncDetectionClient(server.address) as client:
        with pytest.raises(TransportError, match="not all frames were answered"):
            await _ids(client, 5)


@pytest.mark.asyncio
async def test_pictures_are_not_read_far_ahead(server: FakeServer) -> None:
    taken: list[int] = []

    async def pictures() -> AsyncIterator[bytes]:
        for number in range(50):
            taken.append(number)
            yield b"x"

    ahead = []
    async with AsyncDetectionClient(server.address, max_unanswered=4) as client:
        async for result in client.stream(pictures()):
            # Results wait here too: the consumer may be the slow one.
            await asyncio.sleep(0)
            ahead.append(len(taken) - result.frame_id)
    assert len(ahead) == 50
    assert max(ahead) <= 5  # four without a result that was taken, and the one in hand


@pytest.mark.asyncio
async def test_an_unanswered_stream_reads_no_more_pictures(server: FakeServer) -> None:
    server.steps = [Step(answers=0)]
    fourth = asyncio.Event()
    taken: list[int] = []

    async def pictures() -> AsyncIterator[bytes]:
        for number in range(50):
            taken.append(number)
            if number == 3:
                fourth.set()
            yield b"x"

    async with AsyncDetectionClient(server.address, max_unanswered=4) as client:
        stream = client.stream(pictures())
        waiting = asyncio.create_task(anext(stream))
        await fourth.wait()
        for _ in range(4):
            await server.arrivals.acquire()
        assert taken == [0, 1, 2, 3]
        waiting.cancel()
        await asyncio.wait([waiting])
        await stream.aclose()


@pytest.mark.asyncio
async def test_leaving_early_ends_the_call_and_leaves_no_task(server: FakeServer) -> None:
    others = asyncio.all_tasks()
    async with AsyncDetectionClient(server.address) as client:
        async with aclosing(client.stream(b"x" for _ in range(100_000))) as results:
            async for result in results:
                if result.frame_id == 3:
                    break
        await server.ended.wait()
        left = {task for task in asyncio.all_tasks() - others if "edgeserve/client" in repr(task)}
        assert not left


@pytest.mark.asyncio
async def test_closing_the_client_ends_its_streams(server: FakeServer) -> None:
    server.steps = [Step(answers=1)]
    client = AsyncDetectionClient(server.address)
    stream = client.stream(b"x" for _ in range(10))
    await anext(stream)
    waiting = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    await client.close()
    with pytest.raises(TransportError, match="closed"):
        await waiting


@pytest.mark.asyncio
@pytest.mark.parametrize("blocking", [True, False])
async def test_an_error_of_the_pictures_reaches_the_caller(
    server: FakeServer,
    blocking: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    def pictures() -> Iterator[bytes]:
        yield b"x"
        text = "the cable is out"
        raise OSError(text)

    async def async_pictures() -> AsyncIterator[bytes]:
        for picture in pictures():
            yield picture

    async with AsyncDetectionClient(server.address) as client:
        with pytest.raises(OSError, match="the cable is out"):
            async for _ in client.stream(pictures() if blocking else async_pictures()):
                pass


@pytest.mark.asyncio
async def test_an_iterable_that_cannot_be_iterated_is_said(server: FakeServer) -> None:
    async with AsyncDetectionClient(server.address) as client:
        with pytest.raises(TypeError):
            async for _ in client.stream(5):  # type: ignore[arg-type]
                pass
