"""A picture, cut and scaled into a region of a canvas, with its boxes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.training.dataset import Sample

_MIN_SIDE_PX = 2.0
_MIN_VISIBLE = 0.2
"""Of an object's area: what shows less is no longer labelled."""


@dataclass
class Canvas:
    """A training picture in the making; all coordinates in its pixels."""

    pixels: NDArray[np.uint8]
    """(S, S, 3) uint8 BGR."""
    boxes: list[NDArray[np.float32]] = field(default_factory=list)
    classes: list[NDArray[np.int64]] = field(default_factory=list)
    scores: list[NDArray[np.float32]] = field(default_factory=list)
    tiles: list[tuple[int, int, int, int, str]] = field(default_factory=list)
    """x0, y0, x1, y1 and the origin of what lies there; no origin where all is labelled."""


@dataclass(frozen=True)
class Region:
    """Where a picture may lie: a rectangle in canvas pixels."""

    x0: int
    y0: int
    x1: int
    y1: int


def place(
    canvas: Canvas,
    sample: Sample,
    region: Region,
    scale_xy: tuple[float, float],
    shift_xy: tuple[float, float],
) -> None:
    """Draw a picture into a region and append its visible boxes.

    Args:
        canvas: drawn into.
        sample: what is drawn.
        region: what it may cover.
        scale_xy: canvas pixels for one of the sample's.
        shift_xy: 0..1, how the slack of each axis (region larger than the picture) or the
            surplus (picture larger than the region) is shared: 0 is left or top.
    """
    height, width = sample.pixels.shape[:2]
    x = _axis(width, region.x0, region.x1, scale_xy[0], shift_xy[0])
    y = _axis(height, region.y0, region.y1, scale_xy[1], shift_xy[1])
    source = sample.pixels[y.source : y.source + y.source_size, x.source : x.source + x.source_size]
    canvas.pixels[y.start : y.start + y.size, x.start : x.start + x.size] = cv2.resize(
        source, (x.size, y.size), interpolation=cv2.INTER_LINEAR
    )
    origin = "" if sample.taught else sample.origin
    canvas.tiles.append((x.start, y.start, x.start + x.size, y.start + y.size, origin))
    scale = np.array([x.scale, y.scale] * 2, dtype=np.float32)
    source_0 = np.array([x.source, y.source] * 2, dtype=np.float32)
    start = np.array([x.start, y.start] * 2, dtype=np.float32)
    whole = (sample.boxes - source_0) * scale + start
    end = start + np.array([x.size, y.size] * 2, dtype=np.float32)
    seen = np.clip(whole, start, end)
    sides, whole_sides = seen[:, 2:] - seen[:, :2], whole[:, 2:] - whole[:, :2]
    keep = (sides > _MIN_SIDE_PX).all(axis=1)
    keep &= sides.prod(axis=1) > _MIN_VISIBLE * whole_sides.prod(axis=1)
    canvas.boxes.append(seen[keep])
    canvas.classes.append(sample.classes[keep])
    canvas.scores.append(sample.scores[keep])


@dataclass(frozen=True)
class _Axis:
    start: int
    size: int
    source: int
    source_size: int

    @property
    def scale(self) -> float:
        return self.size / self.source_size


def _axis(length: int, low: int, high: int, scale: float, shift: float) -> _Axis:
    full, room = max(1, round(length * scale)), high - low
    if full <= room:
        return _Axis(low + round((room - full) * shift), full, 0, length)
    # Whole source pixels are cut out, and the scale follows from them: boxes stay exact.
    source_size = min(length, max(1, round(room / scale)))
    return _Axis(low, room, round((length - source_size) * shift), source_size)
