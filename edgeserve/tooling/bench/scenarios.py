"""The ways in which a load generator drives a server.

`closed`: streams that send their next frame when a result comes. `open`: cameras that send at
their own rate whatever the server does, the honest one for cameras: a frame's latency counts from
when it was due, so a generator or a server that falls behind cannot hide it. The others are
MLPerf's: `single-stream` (one frame at a time, judged by p90), `multi-stream` (eight frames a
query, judged by p99 of the query) and `offline` (all frames at once, judged by throughput).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgeserve.client.credentials import NOBODY, Credentials
from edgeserve.client.load import LoadStream
from edgeserve.domain.request import Policy
from edgeserve.domain.result import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    Scenario = Callable[["Load"], Coroutine[Any, Any, "Counts"]]

QUERY_FRAMES = 8
"""Of a multi-stream query."""
_OFFLINE_FRAMES = 64
"""Under way at once in `offline`."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to send.

    Attributes:
        address: of the server.
        messages: serialised frames, sent over and over.
        streams: at once.
        frames_in_flight: of each closed-loop stream.
        fps: of each open-loop camera.
        seconds: until no more is sent.
        credentials: to show to the server.
    """

    address: str
    messages: Sequence[bytes]
    streams: int
    frames_in_flight: int
    fps: float
    seconds: float
    credentials: Credentials = NOBODY


@dataclass(slots=True)
class Counts:
    """What all streams of a round saw.

    Attributes:
        latencies_ms: of frames of status OK, or of queries.
        frames: results of any status.
        dropped: of status DROPPED.
        errors: of status ERROR.
        late_ms: how late the generator itself sent each open-loop frame.
    """

    latencies_ms: list[float] = field(default_factory=list)
    frames: int = 0
    dropped: int = 0
    errors: int = 0
    late_ms: list[float] = field(default_factory=list)

    def add(self, status: Status, latency_s: float) -> None:
        """Count one result."""
        self.frames += 1
        self.dropped += status is Status.DROPPED
        self.errors += status is Status.ERROR
        if status is Status.OK:
            self.latencies_ms.append(1000 * latency_s)


async def closed(load: Load) -> Counts:
    """Streams with a fixed number of frames in flight."""
    counts = Counts()
    each = (_closed_stream(load, load.frames_in_flight, counts) for _ in range(load.streams))
    await asyncio.gather(*each)
    return counts


async def _closed_stream(load: Load, in_flight: int, counts: Counts) -> None:
    async with LoadStream(load.address, load.messages, credentials=load.credentials) as stream:
        sent = [time.monotonic()] * in_flight
        for _ in range(in_flight):
            await stream.send()
        deadline = time.monotonic() + load.seconds
        number = 0
        while True:
            status = await stream.receive()
            now = time.monotonic()
            counts.add(status, now - sent[number % in_flight])
            if now >= deadline:
                return
            sent[number % in_flight] = now
            number += 1
            await stream.send()


async def open_loop(load: Load) -> Counts:
    """Cameras with LATEST streams, their first frames spread over one interval."""
    counts = Counts()
    start = time.monotonic()
    interval_s = 1 / load.fps
    starts = (start + interval_s * index / load.streams for index in range(load.streams))
    await asyncio.gather(*(_camera(load, first, interval_s, counts) for first in starts))
    return counts


async def _camera(load: Load, first: float, interval_s: float, counts: Counts) -> None:
    frames = max(1, int(load.seconds / interval_s))
    due = [first + interval_s * number for number in range(frames)]
    async with LoadStream(load.address, load.messages, Policy.LATEST, load.credentials) as stream:

        async def send() -> None:
            for moment in due:
                await asyncio.sleep(max(0.0, moment - time.monotonic()))
                counts.late_ms.append(1000 * (time.monotonic() - moment))
                await stream.send()

        sender = asyncio.create_task(send())
        for moment in due:
            status = await stream.receive()
            counts.add(status, time.monotonic() - moment)
        await sender


async def single_stream(load: Load) -> Counts:
    """One frame at a time."""
    counts = Counts()
    await _closed_stream(load, 1, counts)
    return counts


async def multi_stream(load: Load) -> Counts:
    """Queries of eight frames, each when the one before is answered."""
    counts = Counts()
    deadline = time.monotonic() + load.seconds
    async with LoadStream(load.address, load.messages, credentials=load.credentials) as stream:
        while time.monotonic() < deadline:
            started = time.monotonic()
            for _ in range(QUERY_FRAMES):
                await stream.send()
            answers = [await stream.receive() for _ in range(QUERY_FRAMES)]
            counts.frames += QUERY_FRAMES
            counts.errors += sum(status is not Status.OK for status in answers)
            counts.latencies_ms.append(1000 * (time.monotonic() - started))
    return counts


async def offline(load: Load) -> Counts:
    """As many frames as the server takes."""
    counts = Counts()
    await _closed_stream(load, _OFFLINE_FRAMES, counts)
    return counts


SCENARIOS: Mapping[str, Scenario] = {
    "closed": closed,
    "open": open_loop,
    "single-stream": single_stream,
    "multi-stream": multi_stream,
    "offline": offline,
}
