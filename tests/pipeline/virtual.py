"""A lane without threads on a clock that only the test moves."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgeserve.domain.frame import EncodedFrame
from edgeserve.domain.result import FrameResult, Status
from edgeserve.pipeline.admission import Caller, FrameStream
from edgeserve.pipeline.budget import Budget
from edgeserve.pipeline.configuration import Configuration
from edgeserve.pipeline.observer import NullObserver
from edgeserve.pipeline.options import PipelineOptions
from edgeserve.pipeline.scheduler import Scheduler
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeserve.domain.request import StreamOptions
    from edgeserve.pipeline.detector import Detector
    from edgeserve.pipeline.feed import Feed, FeedLane, Ticket

MS = 1_000_000
LIMITS = PipelineOptions(max_unsent_results=6, max_priority="high")


class VirtualLane:
    """What streams see of a lane; `Work` plays its workers."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.lock = nullcontext()
        self.clock_ns = 0

    def now_ns(self) -> int:
        return self.clock_ns

    def wake(self, stream: Feed) -> None:
        self.scheduler.add(stream)

    def forget(self, stream: Feed) -> None:
        self.scheduler.remove(stream)


@dataclass
class Work:
    """A frame in a worker."""

    ticket: Ticket
    started_ns: int

    def finish(self, lane: VirtualLane) -> None:
        frame = self.ticket.frame
        self.ticket.stream.finish(self.ticket, FrameResult(frame.frame_id, Status.OK))
        service_ns = lane.clock_ns - self.started_ns
        lane.scheduler.done(self.ticket, service_ns, lane.clock_ns)


def open_stream(
    lane: FeedLane,
    detector: Detector,
    options: StreamOptions,
    *,
    weight: float = 1.0,
    budget: Budget | None = None,
    deadline_ns: int | None = None,
    on_change: Callable[[], None] = lambda: None,
) -> FrameStream:
    return FrameStream(
        lane,
        detector,
        options,
        LIMITS,
        caller=Caller("test", weight, deadline_ns),
        budget=budget or Budget(1 << 30, NullObserver()),
        observer=NullObserver(),
        on_change=on_change,
    )


@dataclass
class Client:
    """A stream that always has a frame waiting, and what its frames take of the device.

    Attributes:
        options: of its stream.
        cost_ms: of each of its frames, by their number.
        weight: of its stream.
    """

    options: StreamOptions
    cost_ms: Callable[[int], float]
    weight: float = 1.0
    used_ms: float = 0.0
    frames: int = 0
    sent: int = 0
    longest_gap_ms: float = 0.0
    last_ms: float = 0.0
    detector: Detector = field(default_factory=fakes.detector)


def play(clients: list[Client], *, workers: int, seconds: float) -> None:
    """Let a device serve clients that want more than it has; fills in what each got."""
    places = {Configuration.LATENCY: 1, Configuration.THROUGHPUT: workers}
    scheduler = Scheduler(places, Configuration.THROUGHPUT)
    lane = VirtualLane(scheduler)
    streams = [open_stream(lane, c.detector, c.options, weight=c.weight) for c in clients]
    owners = {id(stream): client for stream, client in zip(streams, clients, strict=True)}
    running: list[tuple[float, Work]] = []
    while lane.clock_ns < seconds * 1000 * MS:
        for stream, client in zip(streams, clients, strict=True):
            if not stream.waiting:
                stream.submit(EncodedFrame(client.sent, b"", arrival_ns=lane.clock_ns))
                client.sent += 1
        while (ticket := scheduler.take()) is not None:
            client = owners[id(ticket.stream)]
            cost_ms = client.cost_ms(ticket.frame.frame_id)
            client.used_ms += cost_ms
            client.frames += 1
            now_ms = lane.clock_ns / MS
            client.longest_gap_ms = max(client.longest_gap_ms, now_ms - client.last_ms)
            client.last_ms = now_ms
            running.append((lane.clock_ns + cost_ms * MS, Work(ticket, lane.clock_ns)))
        running.sort(key=lambda one: one[0])
        end_ns, work = running.pop(0)
        lane.clock_ns = int(end_ns)
        work.finish(lane)
        stream = next(one for one in streams if one is work.ticket.stream)
        for _ in stream.take():
            stream.answered()
