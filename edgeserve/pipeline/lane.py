"""The lane of a CPU: the threads that run its frames.

It is fused: a worker thread takes a frame through decode, letterbox, inference and
postprocessing. Each thread owns its inference requests, so nothing is handed from thread to
thread, and two threads more than there are cores fill the gaps in which Python holds its lock.
While one frame at once is enough, only the first thread works, with an engine on all cores.
"""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from edgeserve.domain.errors import DeviceHungError
from edgeserve.pipeline.configuration import Configuration
from edgeserve.pipeline.outcome import broken, ran
from edgeserve.pipeline.per_thread import PerThread
from edgeserve.pipeline.scheduler import Scheduler
from edgeserve.pipeline.warmup import prepare_configuration
from edgeserve.pipeline.watchdog import Watchdog
from edgeserve.pipeline.worker_threads import WorkerThreads

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeserve.domain.result import FrameResult
    from edgeserve.pipeline.detector import Detector, DetectorWorker
    from edgeserve.pipeline.feed import Feed, Ticket
    from edgeserve.pipeline.observer import Observer
    from edgeserve.pipeline.watchdog import Job

    Workers = dict[Detector, dict[Configuration, DetectorWorker]]

_log = logging.getLogger(__name__)


def workers_for(cores: int) -> int:
    """Threads that keep so many cores busy; why they are more, see above."""
    return cores + 2


class Lane:
    """Runs the frames of all streams of one device, each stream for its share of the time."""

    def __init__(
        self,
        device: str,
        workers: int,
        observer: Observer,
        watchdog: Watchdog | None = None,
        *,
        configuration: Configuration = Configuration.THROUGHPUT,
        switches: bool = False,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Start the worker threads of a device.

        Args:
            device: RUNTIME:DEVICE.
            workers: frames in work at once for THROUGHPUT.
            observer: hears of frames in work and of the configuration.
            watchdog: looks after inferences that hang.
            configuration: to begin in.
            switches: whether to change it by load.
            clock: monotonic nanoseconds.
        """
        self.device = device
        self.lock = threading.Lock()
        self.now_ns = clock
        self._observer = observer
        self._watchdog = watchdog or Watchdog()
        places = {Configuration.LATENCY: 1, Configuration.THROUGHPUT: workers}
        self._scheduler = Scheduler(places, configuration, switches=switches)
        self._detectors: list[Detector] = []
        self._workers: PerThread[dict[Configuration, DetectorWorker]] = PerThread()
        self._compiling = False
        self._closing = False
        # One condition a worker: a frame wakes one that may take it, and none in vain.
        self._work = [threading.Condition(self.lock) for _ in range(max(places.values()))]
        self._idle: set[int] = set()
        self._ended = threading.Condition(self.lock)
        observer.configuration(device, configuration)
        self._threads = WorkerThreads(device)
        for index in range(len(self._work) if switches else places[configuration]):
            self._threads.start(partial(self._run, index))

    def add(self, detector: Detector) -> None:
        """See `DeviceLane`."""
        while True:
            with self.lock:
                missing = [c for c in self._scheduler.prepared_for if not detector.has(c)]
                if not missing:
                    self._detectors.append(detector)
                    return
            for configuration in missing:
                prepare_configuration(configuration, [detector], self.device)

    def remove(self, detector: Detector) -> None:
        """See `DeviceLane`."""
        with self.lock:
            self._detectors.remove(detector)
            self._ended.wait_for(lambda: self._closing or not detector.in_work)
        self._workers.forget(detector)

    def wake(self, stream: Feed) -> None:
        """A stream has a frame waiting. Lock held."""
        self._scheduler.add(stream)
        self._rouse()

    def forget(self, stream: Feed) -> None:
        """A stream has none any more. Lock held."""
        self._scheduler.remove(stream)

    def close(self) -> None:
        """Stop the workers after the frames that they are running; what waits is never run."""
        with self.lock:
            self._closing = True
            for condition in self._work:
                condition.notify()
            self._ended.notify_all()
        self._threads.join()

    def _run(self, index: int) -> None:
        with self._workers.table() as workers:
            # A call for each: nothing of a frame, or of its model, is kept while waiting.
            while self._run_next(index, workers):
                pass

    def _run_next(self, index: int, workers: Workers) -> bool:
        """Wait for a frame and run it; whether the thread is to go on."""
        ticket = self._next(index)
        if ticket is None:
            return False
        self._observer.in_flight(self.device, 1)
        started_ns = self.now_ns()
        job = self._watchdog.begin(ticket, partial(self._replace, index, ticket))
        # Nothing is changed while a frame is in work.
        result = self._answer(job, self._scheduler.active, workers)
        service_ns = self.now_ns() - started_ns
        wanted = self._watchdog.end(job)
        self._observer.in_flight(self.device, -1)
        if not wanted:
            return False
        ticket.stream.finish(ticket, result)
        with self.lock:
            self._end(ticket, service_ns)
            self._compile_missing()
        return True

    def _replace(self, index: int, ticket: Ticket) -> None:
        """Put another thread in the place of one that hangs with a frame."""
        with self.lock:
            self._end(ticket, None)
        self._threads.start(partial(self._run, index))

    def _end(self, ticket: Ticket, service_ns: int | None) -> None:
        """A frame is in work no longer. Lock held."""
        self._scheduler.done(ticket, service_ns, self.now_ns())
        if not ticket.detector.in_work:
            self._ended.notify_all()

    def _next(self, index: int) -> Ticket | None:
        with self.lock:
            while not self._closing:
                if self._scheduler.settle(self.now_ns()):
                    self._observer.configuration(self.device, self._scheduler.active)
                ticket = self._scheduler.take() if index < self._scheduler.places else None
                # Also of a worker that has no place since the configuration changed.
                self._rouse()
                if ticket is not None:
                    return ticket
                self._idle.add(index)
                self._work[index].wait()
            return None

    def _rouse(self) -> None:
        """Wake an idle worker if there is something to do. Lock held."""
        if not self._scheduler.waiting:
            return
        # The same few again and again: their requests and caches are warm.
        index = min((one for one in self._idle if one < self._scheduler.places), default=None)
        if index is not None:
            self._idle.discard(index)
            self._work[index].notify()

    def _compile_missing(self) -> None:
        """Lock held."""
        missing = self._scheduler.missing
        if missing is not None and not self._compiling:
            self._compiling = True
            self._threads.start(partial(self._compile, missing))

    def _compile(self, configuration: Configuration) -> None:
        while True:
            with self.lock:
                # Models may come while others are compiled.
                missing = [one for one in self._detectors if not one.has(configuration)]
                if not missing:
                    self._scheduler.prepared(configuration)
                    self._compiling = False
                    self._rouse()
                    return
            try:
                prepare_configuration(configuration, missing, self.device)
            except Exception as error:  # noqa: BLE001 - the lane goes on as it is
                words = "%s cannot be compiled for %s, and stays as it is for now: %s"
                _log.warning(words, self.device, configuration.value, error)
                with self.lock:
                    self._scheduler.put_off(self.now_ns())
                    self._compiling = False
                return

    def _answer(
        self,
        job: Job,
        configuration: Configuration,
        workers: Workers,
    ) -> FrameResult:
        """Run a frame; `workers` are the calling thread's own."""
        ticket, detector = job.ticket, job.ticket.detector
        started_ns = self.now_ns()
        if detector.out_of_service:
            return broken(ticket, DeviceHungError(detector.out_of_service), self.now_ns())
        try:
            own = workers.setdefault(detector, {})
            worker = own.get(configuration)
            if worker is None:
                worker = own[configuration] = detector.create_worker(configuration)
            job.worker = worker
            inspection = worker.run(ticket.frame, ticket.selection)
        except Exception as error:  # noqa: BLE001 - a worker that died would take its device along
            return broken(ticket, error, self.now_ns())
        return ran(ticket, inspection, started_ns=started_ns, now_ns=self.now_ns())
