"""Writes `golden.npz`; `edgeserve.checks.golden` says what is in it.

The detections come from the FP32 file on ONNX Runtime's CPU provider, by way of the server's own
decoding, letterbox, head and suppression.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.checks.golden import FORMAT
from edgeserve.postprocess.finalize import Selection
from edgeserve.tooling.evaluate import detect, open_engine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgeserve.domain.model import ModelSpec

FILE = "golden.npz"
_SCORE_THRESHOLD = 0.05
"""Below every threshold that is served, so that a device's scores may be compared on both sides."""


def write_golden(spec: ModelSpec, pictures: Sequence[bytes], path: Path) -> int:
    """Run the FP32 form over pictures and write what it found.

    Args:
        spec: the model, with an FP32 file for ONNX Runtime.
        pictures: encoded; they become part of the file.
        path: to write.

    Returns:
        The number of objects.

    Raises:
        NotAvailableError: ONNX Runtime or the FP32 file is not there.
    """
    selection = Selection(
        score_threshold=_SCORE_THRESHOLD,
        iou_threshold=spec.thresholds.iou,
        max_detections=spec.thresholds.max_detections,
    )
    engine = open_engine(spec, runtime="onnxruntime", precision="fp32")
    found = detect(spec, engine, pictures, selection, "golden")
    np.savez_compressed(
        path,
        format=np.int64(FORMAT),
        picture_bytes=np.frombuffer(b"".join(pictures), dtype=np.uint8),
        picture_ends=np.cumsum([len(data) for data in pictures], dtype=np.int64),
        picture_ids=np.repeat(np.arange(len(found), dtype=np.int64), [len(one) for one in found]),
        boxes_xyxy=np.concatenate([one.boxes_xyxy for one in found]),
        scores=np.concatenate([one.scores for one in found]),
        class_ids=np.concatenate([one.class_ids for one in found]),
        selection=np.array(
            [selection.score_threshold, selection.iou_threshold, selection.max_detections],
        ),
    )
    return sum(len(one) for one in found)
