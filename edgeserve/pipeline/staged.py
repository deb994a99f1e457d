"""The lane of an accelerator: threads prepare frames, the device takes them in batches.

A few threads decode and place frames in slots; two others feed the device, so that it has a
batch to run while the results of the one before are read. A frame is charged to its stream with
its part of the time of its batch.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from edgeserve.domain.errors import DeviceHungError
from edgeserve.pipeline.batch_runner import BatchRunner
from edgeserve.pipeline.batching import Batcher
from edgeserve.pipeline.configuration import Configuration
from edgeserve.pipeline.outcome import broken, ran
from edgeserve.pipeline.per_thread import PerThread
from edgeserve.pipeline.preparer import FramePreparer
from edgeserve.pipeline.scheduler import Scheduler
from edgeserve.pipeline.watchdog import Watchdog
from edgeserve.pipeline.worker_threads import WorkerThreads
from edgeserve.preprocess.tensor import TensorWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.result import FrameResult
    from edgeserve.pipeline.detector import Detector
    from edgeserve.pipeline.feed import Feed, Ticket
    from edgeserve.pipeline.observer import Observer
    from edgeserve.pipeline.options import PipelineOptions
    from edgeserve.pipeline.preparer import Prepared
    from edgeserve.pipeline.watchdog import Job

_log = logging.getLogger(__name__)
_DEVICE_THREADS = 2
_CONFIGURATION = Configuration.THROUGHPUT


@dataclass(frozen=True, slots=True)
class _Slot:
    """A frame that is ready for the device."""

    ticket: Ticket
    started_ns: int
    prepared: Prepared
    writer: TensorWriter


class StagedLane:
    """Runs the frames of all streams of one device, each stream for its share of the time."""

    def __init__(
        self,
        device: str,
        preparers: int,
        options: PipelineOptions,
        observer: Observer,
        watchdog: Watchdog | None = None,
        *,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Start the threads of a device.

        Args:
            device: RUNTIME:DEVICE.
            preparers: threads that decode and place frames.
            options: the size of batches and how long one is waited for.
            observer: hears of frames in work and of batches.
            watchdog: looks after inferences that hang.
            clock: monotonic nanoseconds.
        """
        self.device = device
        self.lock = threading.Lock()
        self.now_ns = clock
        self._observer = observer
        self._watchdog = watchdog or Watchdog()
        self._max_batch = options.max_batch
        self._detectors: list[Detector] = []
        self._scheduler = Scheduler({_CONFIGURATION: _places(1)}, _CONFIGURATION)
        self._batcher: Batcher[_Slot] = Batcher(int(options.batch_wait_ms * 1e6))
        self._preparing = 0
        self._writers: dict[Detector, list[TensorWriter]] = {}
        self._preparers: PerThread[FramePreparer] = PerThread()
        self._runners: PerThread[BatchRunner] = PerThread()
        self._closing = False
        self._work = threading.Condition(self.lock)
        self._ready = threading.Condition(self.lock)
        self._ended = threading.Condition(self.lock)
        observer.configuration(device, _CONFIGURATION)
        self._threads = WorkerThreads(device)
        for _ in range(preparers):
            self._threads.start(self._prepare_frames)
        for _ in range(_DEVICE_THREADS):
            self._threads.start(self._run_batches)

    def add(self, detector: Detector) -> None:
        """See `DeviceLane`."""
        with self.lock:
            self._detectors.append(detector)
            self._allow()
        limit = self._limit(detector)
        _log.info("%s: %s in batches of up to %d", self.device, detector.spec.name, limit)

    def remove(self, detector: Detector) -> None:
        """See `DeviceLane`."""
        with self.lock:
            self._detectors.remove(detector)
            self._allow()
            self._ended.wait_for(lambda: self._closing or not detector.in_work)
            self._writers.pop(detector, None)
        self._preparers.forget(detector)
        self._runners.forget(detector)

    def _allow(self) -> None:
        """As many frames in work as the largest batch wants. Lock held."""
        largest = max(map(self._limit, self._detectors), default=1)
        self._scheduler.allow(_CONFIGURATION, _places(largest))

    def wake(self, stream: Feed) -> None:
        """A stream has a frame waiting. Lock held."""
        self._scheduler.add(stream)
        self._work.notify()

    def forget(self, stream: Feed) -> None:
        """A stream has none any more. Lock held."""
        self._scheduler.remove(stream)

    def close(self) -> None:
        """Stop after the frames that are in work; what waits is never run."""
        with self.lock:
            self._closing = True
            self._work.notify_all()
            self._ready.notify_all()
            self._ended.notify_all()
        self._threads.join()

    def _prepare_frames(self) -> None:
        with self._preparers.table() as preparers:
            # A call for each: nothing of a frame, or of its model, is kept while waiting.
            while self._prepare_frame(preparers):
                pass

    def _prepare_frame(self, preparers: dict[Detector, FramePreparer]) -> bool:
        """Wait for a frame and prepare it; False when the lane is closed."""
        taken = self._take_frame()
        if taken is None:
            return False
        ticket, writer = taken
        self._observer.in_flight(self.device, 1)
        started_ns = self.now_ns()
        detector = ticket.detector
        try:
            preparer = preparers.get(detector)
            if preparer is None:
                preparer = preparers[detector] = FramePreparer(detector)
            prepared = preparer.prepare(ticket.frame, writer)
        except Exception as error:  # noqa: BLE001 - a thread that died would take its device along
            with self.lock:
                self._preparing -= 1
            self._end(ticket, writer, broken(ticket, error, self.now_ns()), None)
            return True
        with self.lock:
            self._preparing -= 1
            slot = _Slot(ticket, started_ns, prepared, writer)
            self._batcher.add(slot, id(detector), self._limit(detector), self.now_ns())
            self._ready.notify()
        return True

    def _take_frame(self) -> tuple[Ticket, TensorWriter] | None:
        with self.lock:
            while not self._closing:
                ticket = self._scheduler.take()
                if ticket is not None:
                    self._preparing += 1
                    free = self._writers.setdefault(ticket.detector, [])
                    return ticket, free.pop() if free else TensorWriter(ticket.detector.input)
                self._work.wait()
            return None

    def _run_batches(self) -> None:
        with self._runners.table() as runners:
            while self._run_batch(runners):
                pass

    def _run_batch(self, runners: dict[Detector, BatchRunner]) -> bool:
        """Wait for a batch and run it; whether the thread is to go on."""
        batch = self._take_batch()
        if not batch:
            return False
        self._observer.batch(self.device, len(batch))
        # One thread hangs, whatever the size of its batch: the first frame's job replaces it.
        begin = self._watchdog.begin
        jobs = [begin(batch[0].ticket, partial(self._threads.start, self._run_batches))]
        jobs += [begin(slot.ticket, lambda: None) for slot in batch[1:]]
        started_ns = self.now_ns()
        answer = self._infer(batch, jobs, runners)
        service_ns = self.now_ns() - started_ns
        wanted = [self._watchdog.end(job) for job in jobs]
        for index, slot in enumerate(batch):
            result = None
            if wanted[index]:
                result = self._result(slot, answer, index, service_ns)
            ran = isinstance(answer, list)
            self._end(slot.ticket, slot.writer, result, service_ns // len(batch) if ran else None)
        return wanted[0]

    def _infer(
        self,
        batch: list[_Slot],
        jobs: list[Job],
        runners: dict[Detector, BatchRunner],
    ) -> list[Mapping[str, NDArray[np.float32]]] | Exception:
        """The raw outputs of each frame, or what went wrong; `runners` are the thread's own."""
        detector = batch[0].ticket.detector
        if detector.out_of_service:
            return DeviceHungError(detector.out_of_service)
        try:
            runner = runners.get(detector)
            if runner is None:
                runner = runners[detector] = BatchRunner(detector, self._limit(detector))
            for job in jobs:
                job.worker = runner
            return runner.infer([slot.prepared.tensor for slot in batch])
        except Exception as error:  # noqa: BLE001 - as above
            return error

    def _take_batch(self) -> list[_Slot]:
        """The next batch; empty when the lane is closed and nothing is in work."""
        with self.lock:
            while True:
                now_ns = self.now_ns()
                coming = self._preparing or (self._scheduler.waiting and not self._closing)
                batch = self._batcher.take(now_ns, more=bool(coming))
                if batch:
                    return batch
                if self._closing and not self._preparing:
                    self._ready.notify_all()
                    return []
                due_ns = self._batcher.due_ns()
                self._ready.wait(None if due_ns is None else max(0, due_ns - now_ns) / 1e9)

    def _result(
        self,
        slot: _Slot,
        answer: list[Mapping[str, NDArray[np.float32]]] | Exception,
        index: int,
        infer_ns: int,
    ) -> FrameResult:
        """The result of the so many-th frame of a batch."""
        ticket = slot.ticket
        if isinstance(answer, Exception):
            return broken(ticket, answer, self.now_ns())
        try:
            inspection = ticket.detector.inspect(
                answer[index], slot.prepared, ticket.selection, infer_ns // 1000
            )
        except Exception as error:  # noqa: BLE001 - as above
            return broken(ticket, error, self.now_ns())
        return ran(ticket, inspection, started_ns=slot.started_ns, now_ns=self.now_ns())

    def _end(
        self,
        ticket: Ticket,
        writer: TensorWriter,
        result: FrameResult | None,
        service_ns: int | None,
    ) -> None:
        """Free a frame's slot.

        Args:
            ticket: the frame.
            writer: of its slot.
            result: of the frame; None if it was answered already.
            service_ns: what the device spent on it; None if it never ran.
        """
        self._observer.in_flight(self.device, -1)
        if result is not None:
            ticket.stream.finish(ticket, result)
        with self.lock:
            self._writers[ticket.detector].append(writer)
            self._scheduler.done(ticket, service_ns, self.now_ns())
            if not ticket.detector.in_work:
                self._ended.notify_all()
            self._work.notify()
            self._ready.notify()

    def _limit(self, detector: Detector) -> int:
        return min(self._max_batch, detector.engine.max_batch)


def _places(batch: int) -> int:
    """Frames in work: a batch on the device, one that is gathered, and one frame more.

    What is prepared earlier than that grows old.
    """
    return 2 * batch + 1
