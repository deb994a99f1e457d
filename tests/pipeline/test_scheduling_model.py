"""Streams that come, go, stall, burst, are cancelled and drained: what always holds.

Admission and the scheduler are the real ones; only the threads are missing, whose part is played
rule by rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edgeserve.domain.errors import TooManyBytesError
from edgeserve.domain.frame import EncodedFrame
from edgeserve.domain.request import Policy, Priority, StreamOptions
from edgeserve.domain.result import DropReason, FrameResult, Status
from edgeserve.pipeline.budget import Budget
from edgeserve.pipeline.configuration import Configuration
from edgeserve.pipeline.observer import NullObserver
from edgeserve.pipeline.scheduler import Scheduler
from tests import fakes
from tests.pipeline.virtual import MS, VirtualLane, Work, open_stream

if TYPE_CHECKING:
    from edgeserve.pipeline.admission import FrameStream
    from edgeserve.pipeline.detector import Detector

LARGEST_BYTES = 400
BUDGET_BYTES = 1000
DETECTORS = [fakes.detector(), fakes.detector()]


@dataclass
class Player:
    """A client and what it has seen."""

    stream: FrameStream
    options: StreamOptions
    sent: list[int] = field(default_factory=list)
    results: list[FrameResult] = field(default_factory=list)


class Streams(RuleBasedStateMachine):
    """The rules are what clients, workers and operators do."""

    @initialize(workers=st.integers(1, 4), first=st.sampled_from(list(Configuration)))
    def start(self, workers: int, first: Configuration) -> None:
        self.places = {Configuration.LATENCY: 1, Configuration.THROUGHPUT: workers}
        self.scheduler = Scheduler(self.places, first, switches=True)
        self.lane = VirtualLane(self.scheduler)
        self.budget = Budget(BUDGET_BYTES, NullObserver())
        self.players: list[Player] = []
        self.closed: list[Player] = []
        self.running: list[Work] = []
        self.number = 0

    def pick(self, data: st.DataObject) -> Player:
        return data.draw(st.sampled_from(self.players))

    @rule(
        policy=st.sampled_from(list(Policy)),
        priority=st.sampled_from(list(Priority)),
        queue_size=st.integers(1, 4),
        max_age_ms=st.sampled_from([0, 0, 50]),
        patience_ms=st.sampled_from([None, None, 300]),
        detector=st.sampled_from(DETECTORS),
    )
    def open(
        self,
        policy: Policy,
        priority: Priority,
        queue_size: int,
        max_age_ms: int,
        patience_ms: int | None,
        detector: Detector,
    ) -> None:
        options = StreamOptions(
            policy=policy,
            queue_size=queue_size,
            max_age_ms=max_age_ms,
            priority=priority,
        )
        deadline_ns = None if patience_ms is None else self.lane.clock_ns + patience_ms * MS
        stream = open_stream(
            self.lane,
            detector,
            options,
            budget=self.budget,
            deadline_ns=deadline_ns,
        )
        self.players.append(Player(stream, options))

    @precondition(lambda self: self.players)
    @rule(data=st.data(), burst=st.integers(1, 6), size_bytes=st.integers(0, LARGEST_BYTES))
    def submit(self, data: st.DataObject, burst: int, size_bytes: int) -> None:
        player = self.pick(data)
        for _ in range(burst):
            if player.stream.full:
                return
            self.number += 1
            player.sent.append(self.number)
            player.stream.submit(
                EncodedFrame(self.number, bytes(size_bytes), arrival_ns=self.lane.clock_ns),
            )

    @precondition(lambda self: self.players)
    @rule(data=st.data())
    def reject(self, data: st.DataObject) -> None:
        player = self.pick(data)
        if not player.stream.full:
            self.number += 1
            player.sent.append(self.number)
            player.stream.reject(self.number, self.lane.clock_ns, TooManyBytesError("large"))

    @precondition(lambda self: self.players)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        self.collect(self.pick(data))

    @rule(ms=st.sampled_from([1, 20, 60, 2500]))
    def wait(self, ms: int) -> None:
        self.lane.clock_ns += ms * MS

    @rule()
    def take(self) -> None:
        self.scheduler.settle(self.lane.clock_ns)
        before = self.scheduler.in_work
        ticket = self.scheduler.take()
        if ticket is not None:
            assert before < self.places[self.scheduler.active]
            self.running.append(Work(ticket, self.lane.clock_ns))
        elif not self.running:
            # Nothing is in work: if a frame waited still, it would wait for ever.
            assert not any(player.stream.waiting for player in self.players)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), ms=st.integers(0, 30))
    def finish(self, data: st.DataObject, ms: int) -> None:
        self.lane.clock_ns += ms * MS
        index = data.draw(st.integers(0, len(self.running) - 1))
        self.running.pop(index).finish(self.lane)

    @precondition(lambda self: self.scheduler.missing)
    @rule(there=st.booleans())
    def compiled(self, *, there: bool) -> None:
        missing = self.scheduler.missing
        assert missing is not None
        if there:
            self.scheduler.prepared(missing)
        else:
            self.scheduler.put_off(self.lane.clock_ns)

    @precondition(lambda self: self.players)
    @rule(data=st.data())
    def shed(self, data: st.DataObject) -> None:
        player = self.pick(data)
        player.stream.shed(DropReason.SHUTDOWN)
        assert not player.stream.waiting

    @precondition(lambda self: self.players)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        player = self.pick(data)
        self.players.remove(player)
        player.stream.close()
        player.stream.take()
        self.closed.append(player)

    def collect(self, player: Player) -> None:
        for result in player.stream.take():
            player.results.append(result)
            player.stream.answered()

    @invariant()
    def results_come_in_order_once_each(self) -> None:
        for player in self.players:
            ids = [result.frame_id for result in player.results]
            assert ids == player.sent[: len(ids)]

    @invariant()
    def nothing_runs_beside_what_may(self) -> None:
        assert self.scheduler.in_work == len(self.running)
        assert len(self.running) <= self.places[self.scheduler.active]

    @invariant()
    def queues_are_bounded(self) -> None:
        for player in self.players:
            slots = 1 if player.options.policy is Policy.LATEST else player.options.queue_size
            assert len(player.stream._queue) <= slots

    @invariant()
    def memory_is_bounded_and_none_leaks(self) -> None:
        waiting_bytes = sum(
            len(ticket.frame.data)
            for player in self.players
            for ticket in player.stream._queue._frames
        )
        assert self.budget.used_bytes == waiting_bytes
        blocking = sum(player.options.policy is Policy.BLOCK for player in self.players)
        assert waiting_bytes <= BUDGET_BYTES + LARGEST_BYTES * (blocking + 1)

    @invariant()
    def a_cancelled_stream_is_gone(self) -> None:
        for player in self.closed:
            assert not player.stream.waiting
            assert player.stream.take() == []

    @invariant()
    def block_drops_nothing(self) -> None:
        for player in self.players:
            if player.options.policy is Policy.BLOCK:
                reasons = {result.drop_reason for result in player.results}
                assert reasons <= {None, DropReason.EXPIRED, DropReason.SHUTDOWN}

    def teardown(self) -> None:
        """Let everything end: every frame of every open stream has had its one result."""
        if not hasattr(self, "scheduler"):
            return
        most = 10 + 4 * self.number
        for _ in range(most):
            self.take()
            if not self.running:
                break
            self.lane.clock_ns += MS
            self.running.pop(0).finish(self.lane)
            if (missing := self.scheduler.missing) is not None:
                self.scheduler.prepared(missing)
        assert not self.running
        for player in self.players:
            self.collect(player)
            assert [result.frame_id for result in player.results] == player.sent
            assert player.stream.idle
            expected = {Status.OK, Status.DROPPED, Status.ERROR}
            assert {result.status for result in player.results} <= expected
        assert self.budget.used_bytes == 0


Streams.TestCase.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
TestStreams = Streams.TestCase
