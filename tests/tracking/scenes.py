"""Objects that walk about, seen by a detector with faults; all from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.detections import Detections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

WIDTH_PX, HEIGHT_PX = 1280, 720
SECOND_NS = 1_000_000_000
START_NS = 1_700_000_000 * SECOND_NS


@dataclass(frozen=True)
class Faults:
    """How a detector errs."""

    noise: float = 0.02
    """Of each corner, a standard deviation in sides of the box."""
    missed: float = 0.1
    """Share of objects that it does not see at all."""
    low: float = 0.1
    """Share that it sees with a low score."""
    false: float = 0.5
    """Boxes a frame where nothing is."""
    uneven: bool = False
    """Frames come at uneven times, and some never."""
    blackout: int = 0
    """Frames in a row, every 3 s, in which an object is hidden from it."""


@dataclass(frozen=True)
class Moment:
    """One frame: what is there, and what the detector says."""

    time_ns: int
    object_ids: NDArray[np.int64]
    truth_xyxy: NDArray[np.float64]
    detections: Detections


def walk(
    seed: int,
    faults: Faults,
    *,
    objects: int = 12,
    fps: float = 25,
    frames: int = 300,
) -> Iterator[Moment]:
    """A scene in which objects enter, cross each other's ways, turn slowly and leave."""
    rng = np.random.default_rng(seed)
    sides = rng.uniform([40, 80], [90, 180], (objects, 2))
    class_ids = rng.integers(0, 2, objects)
    centre = rng.uniform([0, 150], [WIDTH_PX, 600], (objects, 2))
    angle = rng.uniform(0, 2 * np.pi, objects)
    speed = rng.uniform(30, 200, objects)
    begin = rng.integers(0, frames // 4, objects)
    time_s = 0.0
    for number in range(frames):
        step_s = 1 / fps
        if faults.uneven:
            step_s *= rng.choice([0.5, 1, 1, 1.5, 4])
        time_s += step_s
        angle += rng.normal(0, 0.6 * np.sqrt(step_s), objects)
        centre += step_s * (speed * np.array([np.cos(angle), 0.3 * np.sin(angle)])).T
        boxes = np.concatenate([centre - sides / 2, centre + sides / 2], axis=1)
        inside = (boxes[:, 0] > 0) & (boxes[:, 2] < WIDTH_PX)
        there = inside & (boxes[:, 1] > 0) & (boxes[:, 3] < HEIGHT_PX) & (number >= begin)
        hidden = (number + 7 * np.arange(objects)) % round(3 * fps) < faults.blackout
        yield Moment(
            START_NS + round(time_s * SECOND_NS),
            np.nonzero(there)[0],
            boxes[there],
            _seen(rng, faults, boxes[there & ~hidden], class_ids[there & ~hidden]),
        )


def _seen(
    rng: np.random.Generator,
    faults: Faults,
    boxes: NDArray[np.float64],
    class_ids: NDArray[np.int64],
) -> Detections:
    sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    boxes = boxes + rng.normal(0, faults.noise, boxes.shape) * sides
    luck = rng.random(len(boxes))
    scores = rng.uniform(0.5, 0.95, len(boxes))
    scores[luck < faults.missed + faults.low] = rng.uniform(0.12, 0.28)
    seen = luck >= faults.missed
    count = rng.poisson(faults.false)
    corner = rng.uniform(0, [WIDTH_PX - 100, HEIGHT_PX - 200], (count, 2))
    false = np.concatenate([corner, corner + rng.uniform(30, [100, 200], (count, 2))], axis=1)
    order = rng.permutation(seen.sum() + count)
    return Detections(
        np.concatenate([boxes[seen], false])[order].astype(np.float32),
        np.concatenate([scores[seen], rng.uniform(0.1, 0.6, count)])[order].astype(np.float32),
        np.concatenate([class_ids[seen], rng.integers(0, 2, count)])[order].astype(np.int64),
    )
