"""`golden.npz`: what the FP32 model found in a few pictures, so that any box can be held to it.

With it a device is compared with FP32 without the FP32 model. Arrays, F pictures and N objects:

| name             | shape  | dtype   | meaning                                                 |
|------------------|--------|---------|---------------------------------------------------------|
| `format`         | ()     | int64   | 1                                                       |
| `picture_bytes`  | (B,)   | uint8   | the encoded pictures, one after another                 |
| `picture_ends`   | (F,)   | int64   | picture i is `picture_bytes[ends[i - 1]:ends[i]]`       |
| `picture_ids`    | (N,)   | int64   | the picture that an object is in, 0..F-1, ascending     |
| `boxes_xyxy`     | (N, 4) | float32 | corners in pixels of the picture                        |
| `scores`         | (N,)   | float32 | 0..1, best first within a picture                       |
| `class_ids`      | (N,)   | int64   | index into the model's labels                           |
| `selection`      | (3,)   | float64 | score threshold, IoU threshold, most objects a picture  |

They come from the FP32 file on ONNX Runtime's CPU provider, by way of the server's own decoding,
letterbox, head and suppression. Read with `numpy.load(path, allow_pickle=False)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.postprocess.finalize import Selection
from edgeserve.tooling.evaluate import detect, open_engine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgeserve.domain.model import ModelSpec

FILE = "golden.npz"
FORMAT = 1
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
