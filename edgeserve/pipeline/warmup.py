"""The first inferences, before anybody waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.domain.request import DetectOptions
from edgeserve.pipeline.selection import select

if TYPE_CHECKING:
    from edgeserve.pipeline.detector import Detector

_ROUNDS = 2
"""Runtimes allocate and choose kernels in the first inference; the second shows that it lasts."""


def warm_up(detector: Detector) -> None:
    """Run grey frames of the model's own size.

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
    worker = detector.create_worker()
    for _ in range(_ROUNDS):
        worker.run(frame, select(spec, DetectOptions()))
