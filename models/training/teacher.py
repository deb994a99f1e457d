"""A trained detector labels what an origin's labels leave out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import onnxruntime
from tqdm import tqdm

from models.training.dataset import Origins, load_split

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_LOWEST_SCORE = 0.1
_NMS_IOU = 0.6
_PAD = 114
_STRIDES = (8, 16, 32)


@dataclass(frozen=True)
class Found:
    """Detections of one picture."""

    boxes: NDArray[np.float32]
    """(n, 4) float32 xyxy in pixels of the picture."""
    classes: NDArray[np.int64]
    """(n,) int64, the teacher's."""
    scores: NDArray[np.float32]
    """(n,) float32."""


class Teacher:
    """A grid-unit detector (an anchor point a cell, objectness) as ONNX.

    Its input is (1, 3, S, S) float32 BGR 0..255 with the picture at the top left, its output
    (1, cells, 5 + classes) with centres and log sizes in units of the stride.
    """

    def __init__(self, path: Path) -> None:
        """Open the file."""
        self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        wanted = self._session.get_inputs()[0]
        self._input, self._size = wanted.name, int(wanted.shape[2])
        cells = [self._size // stride for stride in _STRIDES]
        grids = [np.stack(np.meshgrid(np.arange(n), np.arange(n)), -1) for n in cells]
        self._grid = np.concatenate([grid.reshape(-1, 2) for grid in grids])
        self._unit = np.concatenate(
            [np.full((n * n, 1), s) for n, s in zip(cells, _STRIDES, strict=True)]
        )

    def look(self, pixels: NDArray[np.uint8]) -> Found:
        """Detect in a picture (H, W, 3) uint8 BGR."""
        height, width = pixels.shape[:2]
        scale = self._size / max(height, width)
        small = cv2.resize(pixels, (round(width * scale), round(height * scale)))
        canvas = np.full((self._size, self._size, 3), _PAD, dtype=np.float32)
        canvas[: small.shape[0], : small.shape[1]] = small
        raw = self._session.run(None, {self._input: canvas.transpose(2, 0, 1)[None]})[0][0]
        scores = raw[:, 4:5] * raw[:, 5:]
        cell, classes = np.nonzero(scores > _LOWEST_SCORE)
        flat = scores[cell, classes]
        unit = self._unit[cell]
        centres = (raw[cell, :2] + self._grid[cell]) * unit
        sides = np.exp(raw[cell, 2:4]) * unit
        xywh = np.concatenate([centres - sides / 2, sides], axis=1) / scale
        kept = cv2.dnn.NMSBoxesBatched(
            xywh.tolist(), flat.tolist(), classes.tolist(), _LOWEST_SCORE, _NMS_IOU
        )
        index = np.asarray(kept, dtype=np.int64).reshape(-1)
        corners = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)[index]
        limit = np.array([width, height] * 2)
        return Found(
            corners.clip(0, limit).astype(np.float32),
            classes[index].astype(np.int64),
            flat[index].astype(np.float32),
        )


def teach(
    teacher: Teacher, names: Sequence[str], train: Path, origins: Origins, out: Path
) -> Mapping[str, int]:
    """Write what the teacher sees of the classes that a picture's origin does not label.

    Args:
        teacher: looks at the pictures.
        names: of the teacher's classes.
        train: folder of the training split.
        origins: names of the recipe's classes, and who labels which.
        out: folder of NAME.txt, a line an object: class cx cy w h score, as shares.

    Returns:
        How many objects of each class were written.
    """
    own = {name: index for index, name in enumerate(origins.classes)}
    counts = dict.fromkeys(origins.classes, 0)
    out.mkdir(parents=True, exist_ok=True)
    for sample in tqdm(load_split(train), unit="picture"):
        labelled = origins.labelled[sample.origin]
        if labelled.all():
            continue
        found = teacher.look(sample.pixels)
        height, width = sample.pixels.shape[:2]
        lines = []
        for box, index, score in zip(found.boxes, found.classes, found.scores, strict=True):
            name = names[index]
            if name not in own or labelled[own[name]]:
                continue
            counts[name] += 1
            x0, y0, x1, y1 = (float(side) for side in box)
            shares = ((x0 + x1) / 2 / width, (y0 + y1) / 2 / height)
            sizes = ((x1 - x0) / width, (y1 - y0) / height)
            text = " ".join(f"{value:.5f}" for value in (*shares, *sizes, float(score)))
            lines.append(f"{own[name]} {text}\n")
        (out / f"{sample.name}.txt").write_text("".join(lines))
    return counts
