"""The queue of one device: whose frame is next, and the threads that run it.

A CPU lane is fused: a worker thread takes a frame through decode, letterbox, inference and
postprocessing. Each thread owns its inference requests, so nothing is handed from thread to
thread, and one thread more than there are cores fills the gaps in which Python holds its lock.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from edgeserve.domain.errors import EngineError, FrameError
from edgeserve.pipeline.outcome import failed, found
from edgeserve.pipeline.watchdog import Watchdog

if TYPE_CHECKING:
    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.result import FrameResult
    from edgeserve.pipeline.detector import Detector, DetectorWorker
    from edgeserve.pipeline.observer import Observer
    from edgeserve.pipeline.watchdog import Job
    from edgeserve.postprocess.finalize import Selection

_log = logging.getLogger(__name__)
_CLOSE_S = 10.0


class Feed(Protocol):
    """A stream as its lane sees it. The lane's lock is held in all of this but `finish`."""

    detector: Detector
    selection: Selection
    clock_synchronised: bool

    @property
    def waiting(self) -> bool:
        """Whether any frame waits."""

    def pop(self) -> Ticket | None:
        """The next frame to run."""

    def finish(self, ticket: Ticket, result: FrameResult) -> None:
        """Take the result of a frame that ran."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A frame that waits for its turn, or has it."""

    stream: Feed
    number: int
    frame: EncodedFrame


class Lane:
    """Runs the frames of all streams of one device, stream by stream in turn."""

    def __init__(
        self,
        device: str,
        workers: int,
        observer: Observer,
        watchdog: Watchdog | None = None,
    ) -> None:
        """Start the worker threads of a device, RUNTIME:DEVICE."""
        self.device = device
        self.lock = threading.Lock()
        self._work = threading.Condition(self.lock)
        self._turns: deque[Feed] = deque()
        self._observer = observer
        self._watchdog = watchdog or Watchdog()
        self._closing = False
        self._threads: list[threading.Thread] = []
        for _ in range(workers):
            self._add_worker()

    def wake(self, stream: Feed) -> None:
        """A stream has a frame waiting. Lock held."""
        if stream not in self._turns:
            self._turns.append(stream)
        self._work.notify()

    def close(self) -> None:
        """Stop the workers after the frames that they are running; what waits is never run."""
        with self.lock:
            self._closing = True
            self._work.notify_all()
        deadline = time.monotonic() + _CLOSE_S
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))
        stuck = sum(thread.is_alive() for thread in self._threads)
        if stuck:
            # They are daemons: the process can end without them.
            _log.error("%d inferences on %s did not end in %g s", stuck, self.device, _CLOSE_S)

    def _add_worker(self) -> None:
        name = f"lane-{self.device}-{len(self._threads)}"
        thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        workers: dict[int, DetectorWorker] = {}
        while (ticket := self._next()) is not None:
            self._observer.in_flight(self.device, 1)
            job = self._watchdog.begin(ticket, self._add_worker)
            result = self._answer(job, workers)
            wanted = self._watchdog.end(job)
            self._observer.in_flight(self.device, -1)
            if not wanted:
                return
            ticket.stream.finish(ticket, result)

    def _next(self) -> Ticket | None:
        with self.lock:
            while not self._closing:
                while self._turns:
                    stream = self._turns.popleft()
                    ticket = stream.pop()
                    if stream.waiting:
                        self._turns.append(stream)
                    if ticket is not None:
                        return ticket
                self._work.wait()
            return None

    @staticmethod
    def _answer(job: Job, workers: dict[int, DetectorWorker]) -> FrameResult:
        """Run a frame; `workers` are the calling thread's own, by the identity of the detector."""
        frame, stream = job.ticket.frame, job.ticket.stream
        detector = stream.detector
        started_ns = time.monotonic_ns()
        if detector.out_of_service:
            return failed(frame.frame_id, frame.arrival_ns, EngineError(detector.out_of_service))
        try:
            worker = workers.get(id(detector))
            if worker is None:
                worker = workers[id(detector)] = detector.create_worker()
            job.worker = worker
            inspection = worker.run(frame, stream.selection)
        except (FrameError, EngineError) as error:
            return failed(frame.frame_id, frame.arrival_ns, error)
        except Exception as error:  # noqa: BLE001 - a worker that died would take its device along
            _log.exception("frame %d: unexpected fault", frame.frame_id)
            return failed(frame.frame_id, frame.arrival_ns, error)
        return found(
            frame,
            detector,
            inspection,
            started_ns=started_ns,
            clock_synchronised=stream.clock_synchronised,
        )
