"""A frame's detections as a tracker takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeserve.domain.detections import Detections

_FARTHEST_PX = 1e6


@dataclass(frozen=True, slots=True)
class Observations:
    """The M usable detections of a frame, in an order that their boxes and scores give.

    Attributes:
        boxes_xyxy: (M, 4) float64, source pixels.
        scores: (M,) float64.
        class_ids: (M,) int64.
        index: (M,) int64, place of each among the frame's detections.
        time_ns: when the frame was taken.
    """

    boxes_xyxy: NDArray[np.float64]
    scores: NDArray[np.float64]
    class_ids: NDArray[np.int64]
    index: NDArray[np.int64]
    time_ns: int

    @classmethod
    def of(cls, detections: Detections, least_score: float, time_ns: int) -> Observations:
        """Leave out what scores too little, is not finite, has no area, or is absurdly far off."""
        boxes_xyxy = detections.boxes_xyxy.astype(np.float64)
        scores = detections.scores.astype(np.float64)
        with np.errstate(invalid="ignore"):
            good = (np.abs(boxes_xyxy) < _FARTHEST_PX).all(axis=1) & (scores >= least_score)
            good &= (boxes_xyxy[:, 2:] > boxes_xyxy[:, :2]).all(axis=1)
        keys = (*boxes_xyxy[good].T, detections.class_ids[good], -scores[good])
        index = np.nonzero(good)[0][np.lexsort(keys)]
        return cls(
            boxes_xyxy[index],
            scores[index],
            detections.class_ids[index],
            index.astype(np.int64),
            time_ns,
        )

    def __len__(self) -> int:
        """How many."""
        return len(self.scores)

    def select(self, chosen: NDArray[np.bool_]) -> Observations:
        """Only those where `chosen` (M,) is true."""
        return Observations(
            self.boxes_xyxy[chosen],
            self.scores[chosen],
            self.class_ids[chosen],
            self.index[chosen],
            self.time_ns,
        )
