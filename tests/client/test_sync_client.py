"""The client for programs without an event loop gives what the other gives."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

import pytest

from edgeserve.client import AsyncDetectionClient, DetectionClient, HealthStatus
from edgeserve.domain.errors import ConfigurationError, TransportError
from tests.client.fake_server import FakeServer, Step, drain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgeserve.client import FrameResult

    _T = TypeVar("_T")


async def _with_client(server: FakeServer, job: Callable[[DetectionClient], _T]) -> _T:
    def work() -> _T:
        with DetectionClient(server.address) as client:
            return job(client)

    return await asyncio.to_thread(work)


def _told(result: FrameResult) -> tuple[object, ...]:
    found = result.detections
    return (result.frame_id, result.status, result.labels, found.boxes_xyxy.tolist(), result.stages)


@pytest.mark.asyncio
async def test_streams_are_equal(server: FakeServer) -> None:
    pictures = [b"x"] * 40
    server.steps = [drain(7), Step()]
    mine = await _with_client(server, lambda client: list(client.stream(pictures)))
    server.steps = [drain(7), Step()]
    async with AsyncDetectionClient(server.address) as client:
        theirs = [result async for result in client.stream(pictures)]
    assert [_told(result) for result in mine] == [_told(result) for result in theirs]
    assert [result.frame_id for result in mine] == list(range(40))


@pytest.mark.asyncio
async def test_calls(server: FakeServer) -> None:
    def job(client: DetectionClient) -> tuple[object, ...]:
        model, device = client.list_models()[0], client.list_devices()[0]
        return client.detect(b"x").labels, model.name, device.name, client.health()

    answers = await _with_client(server, job)
    assert answers == (("person",), "m", "fake:CPU", HealthStatus.SERVING)


@pytest.mark.asyncio
async def test_pictures_that_wait_for_results_do_not_block_them(server: FakeServer) -> None:
    def job(client: DetectionClient) -> list[int]:
        answered = threading.Semaphore(1)

        def pictures() -> Iterator[bytes]:
            for _ in range(5):
                assert answered.acquire(timeout=60)
                yield b"x"

        ids = []
        for result in client.stream(pictures()):
            ids.append(result.frame_id)
            answered.release()
        return ids

    assert await _with_client(server, job) == [0, 1, 2, 3, 4]


@pytest.mark.asyncio
async def test_leaving_early_ends_the_call(server: FakeServer) -> None:
    def job(client: DetectionClient) -> int:
        stream = client.stream(b"x" for _ in range(100_000))
        first = next(stream)
        stream.close()
        return first.frame_id

    assert await _with_client(server, job) == 0
    await server.ended.wait()


@pytest.mark.asyncio
async def test_nobody_reads_the_pictures_after_the_end(server: FakeServer) -> None:
    """Or a source would be closed while a thread is in it."""
    reading = threading.Event()

    def pictures() -> Iterator[bytes]:
        for number in range(100_000):
            reading.set()
            if number > 3:
                time.sleep(0.05)  # a frame that is being decoded
            reading.clear()
            yield b"x"

    def job(client: DetectionClient) -> None:
        with closing(client.stream(pictures())) as results:
            for result in results:
                if result.frame_id == 3:
                    assert reading.wait(60)
                    break
        assert not reading.is_set()
        # The thread tells that it has left the pictures, and then ends.
        for thread in threading.enumerate():
            if thread.name == "edgeserve-pictures":
                thread.join(60)
                assert not thread.is_alive()

    await _with_client(server, job)


@pytest.mark.asyncio
async def test_a_stream_of_a_closed_client_ends(server: FakeServer) -> None:
    def job(client: DetectionClient) -> None:
        stream = client.stream(b"x" for _ in range(100_000))
        next(stream)
        client.close()
        with pytest.raises(TransportError, match="closed"):
            next(stream)
        with pytest.raises(TransportError, match="closed"):
            client.health()

    await _with_client(server, job)


def test_a_client_that_cannot_be_made_leaves_no_thread() -> None:
    threads = threading.active_count()
    with pytest.raises(ConfigurationError):
        DetectionClient("nowhere")
    assert threading.active_count() == threads
