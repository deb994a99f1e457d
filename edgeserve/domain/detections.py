"""What was found in a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Detections:
    """The objects of one frame, best score first.

    Attributes:
        boxes_xyxy: (N, 4) float32, corners in source pixels.
        scores: (N,) float32 in 0..1.
        class_ids: (N,) int64, index into the model's labels.
    """

    boxes_xyxy: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int64]

    @classmethod
    def empty(cls) -> Detections:
        """No objects."""
        return cls(
            boxes_xyxy=np.empty((0, 4), dtype=np.float32),
            scores=np.empty(0, dtype=np.float32),
            class_ids=np.empty(0, dtype=np.int64),
        )

    def __len__(self) -> int:
        """How many objects."""
        return len(self.scores)
