"""One file of an archive: its frames through the detector, its result onto the disk.

It knows nothing of who calls it: a loop in this process, or a worker of a cluster.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from edgeserve.app.archive.result_file import result_file
from edgeserve.app.archive.task import Ending, Outcome
from edgeserve.app.first_check import first_check
from edgeserve.cameras.open import open_source
from edgeserve.catalog.repository import Repository, shipped_dir
from edgeserve.domain.errors import ConfigurationError, EdgeserveError, FrameError
from edgeserve.domain.result import Status
from edgeserve.engines.registry import runtimes
from edgeserve.engines.resolve import confirm, load_engine
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.outcome import failed, found
from edgeserve.pipeline.selection import select
from edgeserve.pipeline.warmup import warm_up
from edgeserve.tooling.frame_record import record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgeserve.app.archive.task import Order, Task
    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.result import FrameResult

_KEPT = ("frame_id", "status", "reason", "message", "detections")
"""Of a frame's record: what is the same whoever computes it, and whenever."""


class FileDetector:
    """A model that is ready, and one worker of it."""

    def __init__(self, order: Order) -> None:
        """Load the model as a server would: verified, warm, and compared with FP32.

        Raises:
            EdgeserveError: it cannot be had here, or does not find what FP32 finds.
        """
        settings, wanted = order.settings, order.options
        repository = Repository(settings.catalog.models_dir, shipped_dir())
        bundle = repository.find(wanted.model, wanted.version)
        bundle.verify()
        engine, status = load_engine(bundle.spec, settings.engines, runtimes())
        self._detector = Detector(
            bundle.spec,
            engine,
            max_pixels=settings.access.max_pixels,
            reduced_decode=settings.pipeline.reduced_decode,
        )
        warm_up(self._detector)
        status = confirm(engine, status, strict=settings.engines.strict)
        first_check(bundle, engine, status, settings, strict=True)
        self._worker = self._detector.create_worker()
        self._selection = select(bundle.spec, wanted)

    def run(self, task: Task) -> Outcome:
        """Write the result of a file: a line a frame, then a line with what it came to.

        A file that is no picture and no video has a result that says so. Where the machine is at
        fault there is none.
        """
        tally = _Tally()
        try:
            with result_file(task.result) as line:
                try:
                    self._read(task.source, tally, line)
                except ConfigurationError as error:
                    tally.message = str(error)
                line({"summary": self._summary(task.source, tally)})
        except EdgeserveError as error:
            return Outcome(task, Ending.FAILED, message=str(error))
        ending = Ending.UNREADABLE if tally.message and not tally.ok else Ending.DONE
        return Outcome(task, ending, tally.frames, tally.objects, tally.message)

    def _read(self, path: Path, tally: _Tally, line: Callable[[object], None]) -> None:
        with open_source(str(path), raw=True) as source:
            tally.expected = source.frame_count
            for frame in source:
                result = self._detect(frame)
                tally.add(result)
                time_s = None if source.fps is None else round(frame.frame_id / source.fps, 3)
                known = record(result)
                line({"time_s": time_s, **{name: known[name] for name in _KEPT}})

    def _detect(self, frame: EncodedFrame) -> FrameResult:
        started_ns = time.monotonic_ns()
        try:
            inspection = self._worker.run(frame, self._selection)
        except FrameError as error:
            return failed(frame.frame_id, started_ns, error, time.monotonic_ns())
        return found(
            frame,
            self._detector,
            inspection,
            started_ns=started_ns,
            now_ns=time.monotonic_ns(),
            clock_synchronised=False,
        )

    def _summary(self, path: Path, tally: _Tally) -> dict[str, Any]:
        spec = self._detector.spec
        return {
            "source": str(path),
            "frames": tally.frames,
            "frames_expected": tally.expected,
            "ok": tally.ok,
            "objects": tally.objects,
            "message": tally.message,
            "model": spec.name,
            "version": spec.version,
            "device": self._detector.engine.device,
        }


class _Tally:
    """What a file came to."""

    def __init__(self) -> None:
        self.frames = self.ok = self.objects = 0
        self.expected: int | None = None
        """What the container says."""
        self.message = ""

    def add(self, result: FrameResult) -> None:
        self.frames += 1
        self.ok += result.status is Status.OK
        self.objects += len(result.detections)
        self.message = self.message or result.message


def detect_in_file(order: Order, task: Task) -> Outcome:
    """Run one file in this process, which keeps its model for the next.

    Raises:
        EdgeserveError: the model cannot be had here.
    """
    return _detector(order).run(task)


@lru_cache(maxsize=1)
def _detector(order: Order) -> FileDetector:
    return FileDetector(order)
