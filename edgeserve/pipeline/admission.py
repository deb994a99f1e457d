"""A stream's side of the pipeline: which of its frames wait, and its results in order."""

from __future__ import annotations

import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.domain.origin import NOBODY, Origin
from edgeserve.domain.request import Policy
from edgeserve.domain.result import DropReason
from edgeserve.pipeline.fair_queue import Turn
from edgeserve.pipeline.feed import Ticket
from edgeserve.pipeline.frame_queue import FrameQueue, Waiting
from edgeserve.pipeline.ordering import ResultOrder
from edgeserve.pipeline.outcome import dropped, failed
from edgeserve.pipeline.selection import select
from edgeserve.pipeline.terms import agree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgeserve.domain.errors import EdgeserveError
    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.request import StreamOptions
    from edgeserve.domain.result import FrameResult
    from edgeserve.pipeline.budget import Budget
    from edgeserve.pipeline.detector import Detector
    from edgeserve.pipeline.feed import FeedLane
    from edgeserve.pipeline.observer import Observer
    from edgeserve.pipeline.options import PipelineOptions


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


def _nothing() -> None:
    """Nobody listens any more."""


class FrameStream:
    """One stream of frames into a lane, and of results out of it.

    `submit`, `reject`, `take` and the rest are called by whoever feeds the stream; `pop` and
    `finish` by the lane's workers; `move` and `refuse` when models change. The lane's lock guards
    all sides.
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
        """The model of frames whose turn comes from now on."""
        self.options = options
        self._selection = select(detector.spec, options.detect)
        self._refusal: EdgeserveError | None = None
        self.clock_synchronised = options.clock_synchronised
        self.origin = caller.origin
        self._terms = agree(options, limits)
        self.turn = Turn(caller.weight * self._terms.weight)
        self._deadline_ns = caller.deadline_ns
        self._lane = lane
        self._source = caller.source
        self._budget = budget
        self._observer = observer
        self._on_change = on_change
        self._queue = FrameQueue(self._terms.policy, self._terms.places, budget)
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
        if self._terms.policy is Policy.BLOCK:
            ahead = self._submitted - self._answered
            return ahead >= self._terms.places or (ahead > 0 and self._budget.exhausted)
        return self._finished - self._answered >= self._terms.max_unsent

    @property
    def idle(self) -> bool:
        """Whether every submitted frame has been answered."""
        return self._submitted == self._answered

    def submit(self, frame: EncodedFrame) -> None:
        """Queue a frame under the stream's policy; of a closed stream, forget it."""
        self._observer.frame_received(self._source)
        with self._locked() as lane:
            if self._closed:
                self._observer.frame_discarded(self._source)
                return
            waiting = Waiting(self._number(), frame)
            if self._refusal is not None:
                self._fail(waiting, self._refusal)
                return
            for gone, reason in self._queue.add(waiting):
                self._drop(gone, reason)
            if self._queue:
                lane.wake(self)

    def reject(self, frame_id: int, arrival_ns: int, error: Exception) -> None:
        """Answer a frame that was refused before it could wait."""
        self._observer.frame_received(self._source)
        with self._locked() as lane:
            result = failed(frame_id, arrival_ns, error, lane.now_ns())
            self._put(self._number(), result)

    def take(self) -> list[FrameResult]:
        """Remove and return the results that are ready, in frame order."""
        with self._locked():
            return self._order.take()

    def answered(self) -> None:
        """One result has reached the client's connection."""
        self._answered += 1

    def stalled(self) -> None:
        """The client has left a result unread for too long; its stream is about to be closed."""
        self._observer.write_timed_out(self._source)

    def shed(self, reason: DropReason) -> None:
        """Answer every waiting frame as dropped."""
        with self._locked() as lane:
            while self._queue:
                self._drop(self._queue.pop(), reason)
            lane.forget(self)

    def move(self, lane: FeedLane, detector: Detector) -> None:
        """Run the frames that wait, and all that come, on another model.

        Frames in work end on the model that they began on. One thread at a time moves streams,
        and it holds no lane's lock.

        Raises:
            RequestError: the stream's options do not fit the model; nothing is changed.
        """
        selection = select(detector.spec, self.options.detect)
        before = self._lane
        with before.lock, nullcontext() if lane is before else lane.lock:
            if self._closed:
                return
            self.detector, self._selection, self._refusal = detector, selection, None
            if lane is before:
                return
            before.forget(self)
            # Places in virtual time are a lane's own.
            self.turn = Turn(self.turn.weight)
            self._lane = lane
            if self._queue:
                lane.wake(self)

    def refuse(self, error: EdgeserveError) -> None:
        """Answer the frames that wait, and all that come, with an error, until `move`."""
        with self._locked() as lane:
            self._refusal = error
            while self._queue:
                self._fail(self._queue.pop(), error)
            lane.forget(self)

    def close(self) -> None:
        """Forget every frame: waiting ones never run, the result of a running one is discarded."""
        with self._locked() as lane:
            if self._closed:
                return
            self._closed = True
            while self._queue:
                self._queue.pop()
            lane.forget(self)
            # The feeder knows the stream: a circle would hold on to the model.
            self._on_change = _nothing
        for _ in range(self._submitted - self._finished):
            self._observer.frame_discarded(self._source)
        self._observer.streams(-1)

    def pop(self) -> Ticket | None:
        """The next frame to run; expired ones on the way to it are dropped. Lock held."""
        while self._queue:
            waiting = self._queue.pop()
            if not self._expired(waiting.frame):
                return Ticket(self, *waiting, self.detector, self._selection)
            self._drop(waiting, DropReason.EXPIRED)
        return None

    @property
    def waiting(self) -> bool:
        """Whether any frame waits. Lock held."""
        return bool(self._queue)

    def finish(self, ticket: Ticket, result: FrameResult) -> None:
        """Take the result of a frame that ran."""
        with self._locked():
            self._put(ticket.number, result)

    @contextmanager
    def _locked(self) -> Iterator[FeedLane]:
        """Hold the lock of the stream's lane, whichever that is by then."""
        while True:
            lane = self._lane
            with lane.lock:
                if lane is self._lane:
                    yield lane
                    return

    def _number(self) -> int:
        number = self._submitted
        self._submitted += 1
        return number

    def _expired(self, frame: EncodedFrame) -> bool:
        now_ns = self._lane.now_ns()
        if self._deadline_ns is not None and now_ns >= self._deadline_ns:
            return True
        if not self._terms.max_age_ns:
            return False
        if self.clock_synchronised and frame.capture_time_unix_ns is not None:
            return time.time_ns() - frame.capture_time_unix_ns > self._terms.max_age_ns
        return now_ns - frame.arrival_ns > self._terms.max_age_ns

    def _drop(self, waiting: Waiting, reason: DropReason) -> None:
        self._put(waiting.number, dropped(waiting.frame, reason, self._lane.now_ns()))

    def _fail(self, waiting: Waiting, error: EdgeserveError) -> None:
        frame, now_ns = waiting.frame, self._lane.now_ns()
        self._put(waiting.number, failed(frame.frame_id, frame.arrival_ns, error, now_ns))

    def _put(self, number: int, result: FrameResult) -> None:
        if self._closed:
            return
        self._finished += 1
        self._observer.frame_finished(self._source, result, self.origin)
        if self._order.put(number, result):
            self._on_change()
