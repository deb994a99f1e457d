"""What a head hands to `finalize`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Candidates:
    """Boxes over the score threshold, before suppression.

    Attributes:
        boxes_xyxy: (N, 4) float32, corners in model pixels.
        scores: (N,) float32.
        class_ids: (N,) int64.
    """

    boxes_xyxy: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int64]
