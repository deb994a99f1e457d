"""Training pictures: mosaics of four, or one picture moved and scaled; flips and colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.training.placement import Canvas, Region, place

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from models.training.dataset import Sample

_HUE, _SATURATION, _VALUE = 0.015, 0.6, 0.4
_RARELY = 0.05


@dataclass(frozen=True)
class Example:
    """One training picture; all coordinates in its pixels."""

    pixels: NDArray[np.uint8]
    """(S, S, 3) uint8 BGR."""
    boxes: NDArray[np.float32]
    """(n, 4) float32 xyxy."""
    classes: NDArray[np.int64]
    """(n,) int64."""
    scores: NDArray[np.float32]
    """(n,) float32: 1 for a label, less for what a teacher believes."""
    tiles: list[tuple[int, int, int, int, str]]
    """x0, y0, x1, y1 and the origin of what lies there; padding is in no tile, and a tile
    without an origin is labelled in full."""


def mosaic(draw: Callable[[], Sample], size: int, pad: int, rng: np.random.Generator) -> Example:
    """Four pictures around a random centre, each at its own scale."""
    cx, cy = (int(size * c) for c in rng.uniform(0.3, 0.7, 2))
    canvas = Canvas(np.full((size, size, 3), pad, dtype=np.uint8))
    quarters = (
        (Region(0, 0, cx, cy), 1.0, 1.0),
        (Region(cx, 0, size, cy), 0.0, 1.0),
        (Region(0, cy, cx, size), 1.0, 0.0),
        (Region(cx, cy, size, size), 0.0, 0.0),
    )
    for region, to_x, to_y in quarters:
        sample = draw()
        longest = max(sample.pixels.shape[:2])
        scale = size / longest * rng.uniform(0.45, 1.2)
        width, height = sample.pixels.shape[1] * scale, sample.pixels.shape[0] * scale
        # Small tiles touch the centre, large ones are cut at random.
        shift_x = to_x if width <= region.x1 - region.x0 else rng.uniform()
        shift_y = to_y if height <= region.y1 - region.y0 else rng.uniform()
        place(canvas, sample, region, (scale, scale), (shift_x, shift_y))
    return _finish(canvas, rng)


def single(sample: Sample, size: int, pad: int, rng: np.random.Generator) -> Example:
    """One picture, scaled, slightly stretched, and moved."""
    canvas = Canvas(np.full((size, size, 3), pad, dtype=np.uint8))
    scale = size / max(sample.pixels.shape[:2]) * np.exp(rng.uniform(-0.3, 0.35))
    stretch = np.exp(rng.uniform(-0.08, 0.08))
    shift_x, shift_y = rng.uniform(size=2)
    whole = Region(0, 0, size, size)
    place(canvas, sample, whole, (scale * stretch, scale / stretch), (shift_x, shift_y))
    return _finish(canvas, rng)


def _finish(canvas: Canvas, rng: np.random.Generator) -> Example:
    pixels, tiles = _colours(canvas.pixels, rng), canvas.tiles
    boxes = np.concatenate(canvas.boxes)
    if rng.random() < 0.5:  # noqa: PLR2004 - an even chance
        size = pixels.shape[1]
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        boxes = np.stack([size - boxes[:, 2], boxes[:, 1], size - boxes[:, 0], boxes[:, 3]], axis=1)
        tiles = [(size - x1, y0, size - x0, y1, origin) for x0, y0, x1, y1, origin in tiles]
    classes, scores = np.concatenate(canvas.classes), np.concatenate(canvas.scores)
    return Example(pixels, boxes, classes, scores, tiles)


def _colours(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Jitter hue, saturation and value; rarely blur, add noise or take the colours away."""
    gain = 1 + rng.uniform(-1, 1, 3) * np.array([_HUE, _SATURATION, _VALUE])
    ramp = np.arange(256, dtype=np.float64)
    tables = np.stack(
        [
            (ramp * gain[0]) % 180,
            np.clip(ramp * gain[1], 0, 255),
            np.clip(ramp * gain[2], 0, 255),
        ],
        axis=-1,
    ).astype(np.uint8)
    hsv = cv2.cvtColor(pixels, cv2.COLOR_BGR2HSV)
    out = cv2.cvtColor(cv2.LUT(hsv, tables[None]), cv2.COLOR_HSV2BGR)
    blur, noise, grey = rng.random(3) < _RARELY
    if blur:
        out = cv2.GaussianBlur(out, (3, 3), 0)
    if noise:
        grain = np.empty(out.shape, dtype=np.int16)
        cv2.randn(grain, np.zeros(3), np.full(3, rng.uniform(3, 12)))
        out = cv2.add(out, grain, dtype=cv2.CV_8U)
    if grey:
        out = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return np.asarray(out, dtype=np.uint8)
