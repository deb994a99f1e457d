"""Inferences that take too long: answered, cancelled, and in the end given up with the process.

A native inference that hangs cannot be ended from outside its thread. Its frame is answered with
an ERROR, its model goes out of service, another thread takes the place of the one that hangs, and
the runtime is asked to cancel. If the inference ends after all, the model serves again. If it does
not end in a grace, only the end of the process frees the device.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from edgeserve.domain.errors import DeviceHungError
from edgeserve.pipeline.observer import NullObserver
from edgeserve.pipeline.outcome import broken

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeserve.pipeline.feed import Ticket
    from edgeserve.pipeline.observer import Observer

_log = logging.getLogger(__name__)
_LOOKS = 8
"""How often in a time-out running inferences are looked at."""
_LONGEST_WAIT_S = 1.0
_CLOSE_S = 5.0


class Cancellable(Protocol):
    """What runs an inference."""

    def cancel(self) -> None:
        """End it, if the runtime can. Called from another thread."""


@dataclass(eq=False, slots=True)
class Job:
    """A frame in work.

    Attributes:
        ticket: the frame.
        replace: starts another thread in the place of the one that hangs.
        worker: that runs it, as soon as it is known.
        started: monotonic seconds, later by the time that the process was stopped since.
        overdue: whether the watchdog has answered it.
    """

    ticket: Ticket
    replace: Callable[[], None]
    worker: Cancellable | None = None
    started: float = field(default_factory=time.monotonic)
    overdue: bool = False


class Watchdog:
    """Looks after the jobs of all lanes."""

    def __init__(
        self,
        timeout_s: float = 0.0,
        grace_s: float = 0.0,
        observer: Observer | None = None,
        *,
        on_change: Callable[[], None] = lambda: None,
        on_hung: Callable[[DeviceHungError], None] = lambda _: None,
    ) -> None:
        """Start looking, unless the time-out is 0.

        Args:
            timeout_s: after so long a job is overdue.
            grace_s: and after so long again its device is given up.
            observer: hears of each overdue job.
            on_change: called from a thread of the watchdog when a model went out of service or
                came back.
            on_hung: called from there, once, when a device is given up.
        """
        self._timeout_s = timeout_s
        self._grace_s = grace_s
        self._observer = NullObserver() if observer is None else observer
        self._on_change = on_change
        self._on_hung = on_hung
        self._lock = threading.Lock()
        self._jobs: set[Job] = set()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watchdog", daemon=True)
        if timeout_s:
            self._thread.start()

    def begin(self, ticket: Ticket, replace: Callable[[], None]) -> Job:
        """The calling thread starts work on a frame."""
        job = Job(ticket, replace)
        with self._lock:
            self._jobs.add(job)
        return job

    def end(self, job: Job) -> bool:
        """The work has ended.

        Returns:
            Whether its result is wanted. Otherwise the watchdog has answered the frame, another
            thread has taken the place of the calling one, and that ends.
        """
        with self._lock:
            self._jobs.discard(job)
            if not job.overdue:
                return True
            detector = job.ticket.detector
            if any(one.overdue and one.ticket.detector is detector for one in self._jobs):
                return False
            detector.out_of_service = ""
        _log.warning("model %s: the inference ended; the model serves again", detector.spec.name)
        self._on_change()
        return False

    def close(self) -> None:
        """Stop looking; wait for a look that is under way."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_S)

    def _look(self) -> None:
        shortest = min(filter(None, (self._timeout_s, self._grace_s)))
        pause_s = min(shortest / _LOOKS, _LONGEST_WAIT_S)
        last = time.monotonic()
        hung = False
        while not (hung or self._closed.wait(pause_s)):
            now = time.monotonic()
            # While the process was stopped (SIGSTOP, a frozen container) no inference could run.
            stopped_s = max(0.0, now - last - 2 * pause_s)
            last = now
            # A call for each: nothing of a job, or of its model, is kept while waiting.
            hung = self._judge(now, stopped_s)

    def _judge(self, now: float, stopped_s: float) -> bool:
        """Look at all jobs once; whether a device was given up."""
        with self._lock:
            for job in self._jobs:
                job.started = min(now, job.started + stopped_s)
            late = [job for job in self._jobs if now - job.started > self._timeout_s]
            fresh = [job for job in late if not job.overdue]
            for job in fresh:
                job.overdue = True
                job.ticket.detector.out_of_service = self._text(job)
        for job in fresh:
            self._answer(job)
        if fresh:
            self._on_change()
        lost = [job for job in late if now - job.started > self._timeout_s + self._grace_s]
        if lost:
            text = f"{self._text(lost[0])} and could not be cancelled in {self._grace_s:g} s"
            self._on_hung(DeviceHungError(text))
        return bool(lost)

    def _answer(self, job: Job) -> None:
        ticket, stream = job.ticket, job.ticket.stream
        _log.error(
            "%s; it is cancelled and the model is out of service",
            self._text(job),
            extra={"origin": stream.origin},
        )
        job.replace()
        if job.worker is not None:
            # A runtime that hangs may hang in this too.
            threading.Thread(target=job.worker.cancel, name="cancel", daemon=True).start()
        self._observer.inference_timed_out(ticket.detector.spec.name)
        error = DeviceHungError(self._text(job))
        stream.finish(ticket, broken(ticket, error, time.monotonic_ns()))

    def _text(self, job: Job) -> str:
        detector = job.ticket.detector
        return (
            f"an inference of model {detector.spec.name} on {detector.engine.device} takes longer "
            f"than {self._timeout_s:g} s (setting inference_timeout)"
        )
