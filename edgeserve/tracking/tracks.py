"""The objects that a tracker knows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.tracking.motion import Motion

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgeserve.tracking.observations import Observations


@dataclass(slots=True)
class Tracks:
    """N objects as parallel arrays.

    Attributes:
        ids: (N,) int64, 0 as long as an object has not been found often enough.
        class_ids: (N,) int64, never changed.
        scores: (N,) float64, of the last detection of each.
        hits: (N,) int64, frames in which each was found.
        ages: (N,) int64, frames since it was first found.
        seen_ns: (N,) int64, capture time of its last detection.
        detections: (N,) int64, index of its detection in the last frame, -1 for none.
        motion: the boxes.
    """

    ids: NDArray[np.int64]
    class_ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    hits: NDArray[np.int64]
    ages: NDArray[np.int64]
    seen_ns: NDArray[np.int64]
    detections: NDArray[np.int64]
    motion: Motion

    @classmethod
    def begin(cls, found: Observations) -> Tracks:
        """Objects found for the first time."""
        count = len(found)
        return cls(
            ids=np.zeros(count, dtype=np.int64),
            class_ids=found.class_ids,
            scores=found.scores,
            hits=np.ones(count, dtype=np.int64),
            ages=np.zeros(count, dtype=np.int64),
            seen_ns=np.full(count, found.time_ns, dtype=np.int64),
            detections=found.index,
            motion=Motion.of(found.boxes_xyxy),
        )

    def __len__(self) -> int:
        """How many objects."""
        return len(self.ids)

    def advance(self, passed_ns: int) -> None:
        """Expect all objects where they are so much later."""
        self.motion.predict(passed_ns / 1e9)
        self.ages += 1

    def correct(self, index: NDArray[np.intp], found: Observations) -> None:
        """The objects at `index` (M,) are these M observations; the others are out of sight."""
        self.motion.correct(index, found.boxes_xyxy)
        self.scores[index] = found.scores
        self.hits[index] += 1
        self.seen_ns[index] = found.time_ns
        self.detections[:] = -1
        self.detections[index] = found.index

    def select(self, chosen: NDArray[np.bool_]) -> Tracks:
        """Only those where `chosen` (N,) is true."""
        return self._each(lambda name: getattr(self, name)[chosen], self.motion.select(chosen))

    def join(self, other: Tracks) -> Tracks:
        """These, then the other's."""
        return self._each(
            lambda name: np.concatenate([getattr(self, name), getattr(other, name)]),
            self.motion.join(other.motion),
        )

    def _each(self, part: Callable[[str], NDArray[np.generic]], motion: Motion) -> Tracks:
        arrays = {field.name: part(field.name) for field in fields(self) if field.name != "motion"}
        return Tracks(**arrays, motion=motion)  # type: ignore[arg-type] # each array keeps its type
