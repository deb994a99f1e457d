"""The first inferences, before anybody waits for them."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.domain.request import DetectOptions
from edgeserve.pipeline.selection import select
from edgeserve.process.memory import give_back

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.pipeline.configuration import Configuration
    from edgeserve.pipeline.detector import Detector

_log = logging.getLogger(__name__)
_ROUNDS = 2
"""Runtimes allocate and choose kernels in the first inference; the second shows that it lasts."""
_STATUS = Path("/proc/self/status")


def warm_up(detector: Detector, configuration: Configuration | None = None) -> None:
    """Run grey frames of the model's own size.

    Args:
        detector: of the model.
        configuration: whose engine to run; None for the one that it was loaded with.

    Raises:
        EngineError: the engine fails on them.
    """
    spec = detector.spec
    frame = EncodedFrame(
        frame_id=0,
        data=bytes([spec.input.pad_value]) * (spec.input.width_px * spec.input.height_px),
        encoding=Encoding.GRAY,
        width_px=spec.input.width_px,
        height_px=spec.input.height_px,
    )
    worker = detector.create_worker(configuration)
    for _ in range(_ROUNDS):
        worker.run(frame, select(spec, DetectOptions()))


def prepare_configuration(
    configuration: Configuration,
    detectors: Sequence[Detector],
    device: str,
) -> None:
    """Compile and warm up another configuration of a device's models; the log says what it took.

    Raises:
        EdgeserveError: an engine cannot be compiled, or fails.
    """
    started, before_mb = time.monotonic(), _resident_mb()
    for detector in detectors:
        warm_up(detector, configuration)
    give_back()
    _log.info(
        "%s: compiled for %s in %.1f s, %+.0f MB",
        device,
        configuration.value,
        time.monotonic() - started,
        _resident_mb() - before_mb,
    )


def _resident_mb() -> float:
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
