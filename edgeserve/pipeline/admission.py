"""A stream's side of the pipeline: which of its frames wait, and its results in order."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.domain.errors import RequestError
from edgeserve.domain.origin import NOBODY, Origin
from edgeserve.domain.request import Policy, Priority, StreamOptions
from edgeserve.domain.result import DropReason
from edgeserve.pipeline.fair_queue import Turn
from edgeserve.pipeline.feed import Ticket
from edgeserve.pipeline.ordering import ResultOrder
from edgeserve.pipeline.outcome import dropped, failed
from edgeserve.pipeline.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.result import FrameResult
    from edgeserve.pipeline.budget import Budget
    from edgeserve.pipeline.detector import Detector
    from edgeserve.pipeline.feed import FeedLane
    from edgeserve.pipeline.observer import Observer
    from edgeserve.pipeline.options import PipelineOptions

_WEIGHTS = {Priority.LOW: 0.25, Priority.NORMAL: 1.0, Priority.HIGH: 4.0}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who opens a stream, in the server's own words.

    Attributes:
        source: label of the stream's metrics.
        weight: its share of the device, before the client's priority counts.
        deadline_ns: when nobody waits for results any more, on the monotonic clock; None: never.
        origin: for logs and traces.
    """

    source: str
    weight: float = 1.0
    deadline_ns: int | None = None
    origin: Origin = NOBODY


class FrameStream:
    """One stream of frames into a lane, and of results out of it.

    `submit`, `reject`, `take` and the rest are called by whoever feeds the stream; `pop` and
    `finish` by the lane's workers. The lane's lock guards both sides.
    """

    def __init__(
        self,
        lane: FeedLane,
        detector: Detector,
        options: StreamOptions,
        limits: PipelineOptions,
        *,
        caller: Caller,
        budget: Budget,
        observer: Observer,
        on_change: Callable[[], None],
    ) -> None:
        """Open a stream.

        Args:
            lane: of the detector's device.
            detector: the model to run.
            options: the client's wishes.
            limits: the server's.
            caller: who opens it.
            budget: for the bytes of waiting frames, shared with all other streams.
            observer: hears of every frame.
            on_change: called with the lane's lock held, from a worker's thread or the
                feeder's, when results became ready; must be quick.

        Raises:
            RequestError: the options do not fit the model, or ask for more than the limits.
        """
        self.detector = detector
        self.selection = select(detector.spec, options.detect)
        self.clock_synchronised = options.clock_synchronised
        self.origin = caller.origin
        self.turn = Turn(caller.weight * _weight(options.priority, limits))
        self._policy = options.policy
        wanted = options.queue_size or limits.queue_size
        if wanted > limits.max_queue_size:
            text = (
                f"queue_size is {wanted}; "
                f"the limit is {limits.max_queue_size} (setting max_queue_size)"
            )
            raise RequestError(text)
        self._slots = 1 if options.policy is Policy.LATEST else wanted
        self._most_unsent = limits.max_unsent_results
        self._max_age_ns = options.max_age_ms * 1_000_000
        self._deadline_ns = caller.deadline_ns
        self._lane = lane
        self._source = caller.source
        self._budget = budget
        self._observer = observer
        self._on_change = on_change
        self._waiting: deque[Ticket] = deque()
        self._order = ResultOrder()
        self._submitted = 0
        self._finished = 0
        self._answered = 0
        self._closed = False
        observer.streams(1)

    @property
    def full(self) -> bool:
        """Whether the feeder must wait before it submits another frame.

        A BLOCK stream is held by its queue, and by the memory for all queues as long as it waits
        for an answer, which will wake its feeder; the others by a client that does not read.
        """
        if self._policy is Policy.BLOCK:
            ahead = self._submitted - self._answered
            return ahead >= self._slots or (ahead > 0 and self._budget.exhausted)
        return self._finished - self._answered >= self._most_unsent

    @property
    def idle(self) -> bool:
        """Whether every submitted frame has been answered."""
        return self._submitted == self._answered

    def submit(self, frame: EncodedFrame) -> None:
        """Queue a frame under the stream's policy; of a closed stream, forget it."""
        self._observer.frame_received(self._source)
        with self._lane.lock:
            if self._closed:
                self._observer.frame_discarded(self._source)
                return
            ticket = Ticket(self, self._number(), frame)
            if self._admit(frame):
                self._waiting.append(ticket)
                self._lane.wake(self)
            else:
                self._put(ticket.number, dropped(frame, DropReason.QUEUE_FULL, self._lane.now_ns()))

    def reject(self, frame_id: int, arrival_ns: int, error: Exception) -> None:
        """Answer a frame that was refused before it could wait."""
        self._observer.frame_received(self._source)
        with self._lane.lock:
            result = failed(frame_id, arrival_ns, error, self._lane.now_ns())
            self._put(self._number(), result)

    def take(self) -> list[FrameResult]:
        """Remove and return the results that are ready, in frame order."""
        with self._lane.lock:
            return self._order.take()

    def answered(self) -> None:
        """One result has reached the client's connection."""
        self._answered += 1

    def stalled(self) -> None:
        """The client has left a result unread for too long; its stream is about to be closed."""
        self._observer.write_timed_out(self._source)

    def shed(self, reason: DropReason) -> None:
        """Answer every waiting frame as dropped."""
        with self._lane.lock:
            while self._waiting:
                self._drop(self._remove(), reason)
            self._lane.forget(self)

    def close(self) -> None:
        """Forget every frame: waiting ones never run, the result of a running one is discarded."""
        with self._lane.lock:
            if self._closed:
                return
            self._closed = True
            while self._waiting:
                self._remove()
            self._lane.forget(self)
        for _ in range(self._submitted - self._finished):
            self._observer.frame_discarded(self._source)
        self._observer.streams(-1)

    def pop(self) -> Ticket | None:
        """The next frame to run; expired ones on the way to it are dropped. Lock held."""
        while self._waiting:
            ticket = self._remove()
            if not self._expired(ticket.frame):
                return ticket
            self._drop(ticket, DropReason.EXPIRED)
        return None

    @property
    def waiting(self) -> bool:
        """Whether any frame waits. Lock held."""
        return bool(self._waiting)

    def finish(self, ticket: Ticket, result: FrameResult) -> None:
        """Take the result of a frame that ran."""
        with self._lane.lock:
            self._put(ticket.number, result)

    def _number(self) -> int:
        number = self._submitted
        self._submitted += 1
        return number

    def _admit(self, frame: EncodedFrame) -> bool:
        """Make room for a frame under the stream's policy and the budget; whether there is."""
        size_bytes = memoryview(frame.data).nbytes
        if self._policy is Policy.BLOCK:
            # It was read because it may not be dropped; `full` holds the next one back.
            self._budget.add(size_bytes)
            return True
        latest = self._policy is Policy.LATEST
        reason = DropReason.REPLACED if latest else DropReason.QUEUE_FULL
        if len(self._waiting) >= self._slots:
            self._drop(self._remove(), reason)
        while not self._budget.reserve(size_bytes):
            if not self._waiting:
                return False
            self._drop(self._remove(), reason)
        return True

    def _remove(self) -> Ticket:
        """The oldest of the waiting frames, which waits no more."""
        ticket = self._waiting.popleft()
        self._budget.add(-memoryview(ticket.frame.data).nbytes)
        return ticket

    def _expired(self, frame: EncodedFrame) -> bool:
        now_ns = self._lane.now_ns()
        if self._deadline_ns is not None and now_ns >= self._deadline_ns:
            return True
        if not self._max_age_ns:
            return False
        if self.clock_synchronised and frame.capture_time_unix_ns is not None:
            return time.time_ns() - frame.capture_time_unix_ns > self._max_age_ns
        return now_ns - frame.arrival_ns > self._max_age_ns

    def _drop(self, ticket: Ticket, reason: DropReason) -> None:
        self._put(ticket.number, dropped(ticket.frame, reason, self._lane.now_ns()))

    def _put(self, number: int, result: FrameResult) -> None:
        if self._closed:
            return
        self._finished += 1
        self._observer.frame_finished(self._source, result, self.origin)
        if self._order.put(number, result):
            self._on_change()


def _weight(priority: Priority, limits: PipelineOptions) -> float:
    weight = _WEIGHTS[priority]
    if weight > _WEIGHTS[Priority(limits.max_priority)]:
        text = (
            f"priority is {priority.value}; "
            f"the highest allowed is {limits.max_priority} (setting max_priority)"
        )
        raise RequestError(text)
    return weight
