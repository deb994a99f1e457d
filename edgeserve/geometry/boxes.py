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

    A pair whose union is empty has 0. Boxes in float64 give float64.
    """
    # One axis after the other: arrays whose last axis is 2 long are slow to walk.
    intersection = _shared(first_xyxy, second_xyxy, 0)
    intersection *= _shared(first_xyxy, second_xyxy, 1)
    union = _area(first_xyxy)[:, None] + _area(second_xyxy)[None, :]
    union -= intersection
    iou: NDArray[_Float] = np.zeros_like(intersection)
    np.divide(intersection, union, out=iou, where=union > 0)
    return iou


def _shared(
    first_xyxy: NDArray[_Float],
    second_xyxy: NDArray[_Float],
    axis: int,
) -> NDArray[_Float]:
    """(N, M) lengths that pairs share along x (0) or y (1)."""
    low = np.maximum(first_xyxy[:, None, axis], second_xyxy[None, :, axis])
    shared: NDArray[_Float] = np.minimum(
        first_xyxy[:, None, axis + 2],
        second_xyxy[None, :, axis + 2],
    )
    shared -= low
    return np.maximum(shared, 0, out=shared)


def cxcywh_to_xyxy(boxes_cxcywh: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes (N, 4) from centre and size to corners."""
    centres, halves = boxes_cxcywh[:, :2], boxes_cxcywh[:, 2:] / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)


def _area(boxes_xyxy: NDArray[_Float]) -> NDArray[_Float]:
    sides = np.maximum(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 0)
    area: NDArray[_Float] = sides[:, 0] * sides[:, 1]
    return area
