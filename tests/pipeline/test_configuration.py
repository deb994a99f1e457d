"""When a device changes between one frame on all cores and a frame on each."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

from edgeserve.domain.errors import EngineError
from edgeserve.domain.request import Policy, StreamOptions
from edgeserve.domain.result import Status
from edgeserve.pipeline.configuration import Configuration, Governor
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.lane import Lane
from edgeserve.pipeline.scheduler import Scheduler
from tests import fakes
from tests.pipeline.harness import Feeder, Watcher, frame
from tests.pipeline.virtual import MS, VirtualLane, Work, open_stream

if TYPE_CHECKING:
    from edgeserve.engines.protocol import Engine

LATENCY, THROUGHPUT = Configuration.LATENCY, Configuration.THROUGHPUT
BLOCK = StreamOptions(policy=Policy.BLOCK, queue_size=20)


def test_a_backlog_that_lasts_calls_for_throughput() -> None:
    governor = Governor(LATENCY)
    for now_ms in range(0, 200, 10):
        assert governor.observe(now_ms * MS, 10 * MS, crowded=True) is LATENCY
    assert governor.observe(200 * MS, 10 * MS, crowded=True) is THROUGHPUT


def test_bursts_with_gaps_between_them_do_not() -> None:
    governor = Governor(LATENCY)
    for start_ms in range(0, 10_000, 100):
        for number in range(5):
            now_ns = (start_ms + 10 * number) * MS
            assert governor.observe(now_ns, 10 * MS, crowded=number < 4) is LATENCY


def in_throughput() -> Governor:
    """That has measured 10 ms a frame for LATENCY."""
    governor = Governor(LATENCY)
    governor.observe(0, 10 * MS, crowded=False)
    governor.switched(THROUGHPUT, 0)
    return governor


@pytest.mark.parametrize(
    ("interval_ms", "crowded", "expected"),
    [
        # Each alone: LATENCY would not even queue.
        (18, False, LATENCY),
        # Side by side, and LATENCY would be busy for a third of the time.
        (30, True, LATENCY),
        # LATENCY could hardly do it.
        (12, True, THROUGHPUT),
        (8, True, THROUGHPUT),
    ],
)
def test_throughput_is_left_when_it_has_no_use(
    interval_ms: int,
    crowded: bool,  # noqa: FBT001 - pytest passes it
    expected: Configuration,
) -> None:
    governor = in_throughput()
    chosen = {
        governor.observe(now_ms * MS, 20 * MS, crowded=crowded)
        for now_ms in range(interval_ms, 2500, interval_ms)
    }
    assert (LATENCY in chosen) == (expected is LATENCY)


def test_it_is_not_left_for_a_short_pause() -> None:
    governor = in_throughput()
    for now_ms in range(10, 1900, 10):
        pause = 500 <= now_ms < 1500
        chosen = governor.observe(now_ms * MS, 20 * MS, crowded=not pause)
        assert chosen is THROUGHPUT


def test_a_load_that_comes_back_after_a_pause_finds_it_as_it_was() -> None:
    governor = in_throughput()
    for start_ms in (10, 60_000, 120_000):
        for now_ms in range(start_ms, start_ms + 1900, 10):
            assert governor.observe(now_ms * MS, 20 * MS, crowded=True) is THROUGHPUT


def test_a_frame_now_and_then_needs_no_throughput() -> None:
    governor = in_throughput()
    chosen = [governor.observe(now_ms * MS, 20 * MS, crowded=False) for now_ms in (5000, 10_000)]
    assert LATENCY in chosen


def test_a_change_waits_for_what_is_in_work() -> None:
    scheduler = Scheduler({LATENCY: 1, THROUGHPUT: 2}, LATENCY, switches=True)
    lane = VirtualLane(scheduler)
    stream = open_stream(lane, fakes.detector(), BLOCK)
    for number in range(20):
        stream.submit(frame(number))
    while scheduler.missing is None:
        ticket = scheduler.take()
        assert ticket is not None
        lane.clock_ns += 50 * MS
        Work(ticket, lane.clock_ns - 50 * MS).finish(lane)
    # Nothing waits for the engines: LATENCY goes on until they are there.
    running = scheduler.take()
    assert running is not None
    scheduler.prepared(THROUGHPUT)
    assert not scheduler.settle(lane.clock_ns)
    assert scheduler.take() is None
    Work(running, lane.clock_ns).finish(lane)
    assert scheduler.settle(lane.clock_ns)
    assert scheduler.active is THROUGHPUT
    assert [scheduler.take() is not None for _ in range(3)] == [True, True, False]


class Switching:
    """A lane that begins in LATENCY, on a clock on which each look takes 20 ms."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.compiled: list[Configuration] = []
        self.watcher = Switches()
        self.failure = failure
        self._ticks = 0
        good = fakes.detector()
        self.detector = Detector(
            good.spec,
            good.engine,
            max_pixels=10_000,
            configuration=LATENCY,
            compile_engine=self._compile,
        )
        self.lane = Lane(
            "fake:CPU",
            3,
            self.watcher,
            configuration=LATENCY,
            switches=True,
            clock=self._clock,
        )
        self.lane.add(self.detector)
        self.feeder = Feeder(
            lambda notify: open_stream(self.lane, self.detector, BLOCK, on_change=notify),
        )

    def _clock(self) -> int:
        self._ticks += 1
        return self._ticks * 20 * MS

    def _compile(self, configuration: Configuration) -> Engine:
        self.compiled.append(configuration)
        if self.failure is not None:
            raise self.failure
        return fakes.detector().engine


class Switches(Watcher):
    """Remembers the configurations."""

    def __init__(self) -> None:
        super().__init__()
        self.configurations: list[Configuration] = []
        self.reached = threading.Event()

    def configuration(self, device: str, active: Configuration) -> None:
        assert device == "fake:CPU"
        self.configurations.append(active)
        if active is THROUGHPUT:
            self.reached.set()


def test_a_busy_lane_compiles_the_second_configuration_once_and_changes_to_it() -> None:
    made = Switching()
    assert made.compiled == []
    numbers = iter(range(250))
    while not made.watcher.reached.is_set():
        made.feeder.submit(*(next(numbers) % 250 for _ in range(10)))
        assert {result.status for result in made.feeder.collect(10)} == {Status.OK}
        for _ in range(10):
            made.feeder.stream.answered()
    made.feeder.stream.close()
    made.lane.close()
    assert made.compiled == [THROUGHPUT]
    assert made.watcher.configurations[:2] == [LATENCY, THROUGHPUT]


def test_a_configuration_that_cannot_be_had_is_not_tried_again_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = Switching(EngineError("out of memory"))
    with caplog.at_level(logging.WARNING):
        for _ in range(12):
            made.feeder.submit(*range(10))
            made.feeder.collect(10)
            for _ in range(10):
                made.feeder.stream.answered()
    made.feeder.stream.close()
    made.lane.close()
    assert made.compiled == [THROUGHPUT]
    assert made.watcher.configurations == [LATENCY]
    (record,) = caplog.records
    said = "fake:CPU cannot be compiled for throughput, and stays as it is for now: out of memory"
    assert record.getMessage() == said


def test_a_configuration_that_could_not_be_had_is_tried_later() -> None:
    made = Switching(EngineError("out of memory"))
    while not made.watcher.reached.is_set():
        made.feeder.submit(*range(10))
        made.feeder.collect(10)
        for _ in range(10):
            made.feeder.stream.answered()
        if made.compiled:
            made.failure = None
    made.feeder.stream.close()
    made.lane.close()
    assert made.compiled == [THROUGHPUT, THROUGHPUT]


def test_a_detector_without_another_engine_serves_every_configuration() -> None:
    detector = fakes.detector()
    assert detector.engine_for(LATENCY) is detector.engine_for(THROUGHPUT) is detector.engine
