"""Box arithmetic. Coordinates are continuous: a box from 0 to 10 is 10 wide."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Float = TypeVar("_Float", np.float32, np.float64)


def iou_matrix(
    first_xyxy: NDArray[_Float],
    second_xyxy: NDArray[_Float],
) -> NDArray[_Float]:
    """Intersection over union of (N, 4) with (M, 4) boxes: (N, M), of the same type.

    A pair whose union is empty has 0.
    """
    top_left = np.maximum(first_xyxy[:, None, :2], second_xyxy[None, :, :2])
    bottom_right = np.minimum(first_xyxy[:, None, 2:], second_xyxy[None, :, 2:])
    sides = np.maximum(bottom_right - top_left, 0)
    intersection = sides[..., 0] * sides[..., 1]
    union = _area(first_xyxy)[:, None] + _area(second_xyxy)[None, :] - intersection
    iou: NDArray[_Float] = np.zeros_like(intersection)
    np.divide(intersection, union, out=iou, where=union > 0)
    return iou


def _area(boxes_xyxy: NDArray[_Float]) -> NDArray[_Float]:
    sides = np.maximum(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 0)
    area: NDArray[_Float] = sides[:, 0] * sides[:, 1]
    return area
