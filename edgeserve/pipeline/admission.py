"""A stream's side of the pipeline: which of its frames wait, and its results in order."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from edgeserve.domain.errors import RequestError
from edgeserve.domain.request import Policy, StreamOptions
from edgeserve.domain.result import DropReason
from edgeserve.pipeline.lane import Ticket
from edgeserve.pipeline.ordering import ResultOrder
from edgeserve.pipeline.outcome import dropped, failed
from edgeserve.pipeline.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.result import FrameResult
    from edgeserve.pipeline.detector import Detector
    from edgeserve.pipeline.lane import Lane
    from edgeserve.pipeline.observer import Observer
    from edgeserve.pipeline.options import PipelineOptions


class FrameStream:
    """One stream of frames into a lane, and of results out of it.

    `submit`, `reject`, `take` and the rest are called by whoever feeds the stream; `pop` and
    `finish` by the lane's workers. The lane's lock guards both sides.
    """

    def __init__(
        self,
        lane: Lane,
        detector: Detector,
        options: StreamOptions,
        limits: PipelineOptions,
        *,
        source: str,
        observer: Observer,
        on_change: Callable[[], None],
    ) -> None:
        """Open a stream.

        Args:
            lane: of the detector's device.
            detector: the model to run.
            options: the client's wishes.
            limits: the server's.
            source: label of the stream's metrics.
            observer: hears of every frame.
            on_change: called with the lane's lock held, from a worker's thread or the
                feeder's, when results became ready; must be quick.

        Raises:
            RequestError: the options do not fit the model.
        """
        self.detector = detector
        self.selection = select(detector.spec, options.detect)
        self.clock_synchronised = options.clock_synchronised
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
        self._lane = lane
        self._source = source
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

        A BLOCK stream is held by its queue, the others by a client that does not read.
        """
        if self._policy is Policy.BLOCK:
            return self._submitted - self._answered >= self._slots
        return self._finished - self._answered >= self._most_unsent

    @property
    def idle(self) -> bool:
        """Whether every submitted frame has been answered."""
        return self._submitted == self._answered

    def submit(self, frame: EncodedFrame) -> None:
        """Queue a frame under the stream's policy."""
        self._observer.frame_received(self._source)
        with self._lane.lock:
            ticket = Ticket(self, self._number(), frame)
            if self._policy is not Policy.BLOCK and len(self._waiting) >= self._slots:
                latest = self._policy is Policy.LATEST
                reason = DropReason.REPLACED if latest else DropReason.QUEUE_FULL
                self._drop(self._waiting.popleft(), reason)
            self._waiting.append(ticket)
            self._lane.wake(self)

    def reject(self, frame_id: int, arrival_ns: int, error: Exception) -> None:
        """Answer a frame that was refused before it could wait."""
        self._observer.frame_received(self._source)
        with self._lane.lock:
            self._put(self._number(), failed(frame_id, arrival_ns, error))

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
                self._drop(self._waiting.popleft(), reason)

    def close(self) -> None:
        """Forget every frame: waiting ones never run, the result of a running one is discarded."""
        with self._lane.lock:
            if self._closed:
                return
            self._closed = True
            self._waiting.clear()
        for _ in range(self._submitted - self._finished):
            self._observer.frame_discarded(self._source)
        self._observer.streams(-1)

    def pop(self) -> Ticket | None:
        """The next frame to run; expired ones on the way to it are dropped. Lock held."""
        while self._waiting:
            ticket = self._waiting.popleft()
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

    def _expired(self, frame: EncodedFrame) -> bool:
        if not self._max_age_ns:
            return False
        if self.clock_synchronised and frame.capture_time_unix_ns is not None:
            return time.time_ns() - frame.capture_time_unix_ns > self._max_age_ns
        return time.monotonic_ns() - frame.arrival_ns > self._max_age_ns

    def _drop(self, ticket: Ticket, reason: DropReason) -> None:
        self._put(ticket.number, dropped(ticket.frame, reason))

    def _put(self, number: int, result: FrameResult) -> None:
        if self._closed:
            return
        self._finished += 1
        self._observer.frame_finished(self._source, result)
        if self._order.put(number, result):
            self._on_change()
