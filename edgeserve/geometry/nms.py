"""Non-maximum suppression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.geometry.boxes import iou_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 256
"""Boxes looked at together: bounds the IoU matrices, whatever a threshold lets through."""
_LARGE = 1e18
"""Up to this coordinate areas and their sums stay within float32."""


def nms(
    boxes_xyxy: NDArray[np.float32],
    scores: NDArray[np.float32],
    class_ids: NDArray[np.int64],
    iou_threshold: float,
    max_boxes: int,
) -> NDArray[np.intp]:
    """Greedy class-wise suppression.

    A box is dropped if a better box of its class overlaps it by more than `iou_threshold`.
    Ties keep the order of the input.

    Args:
        boxes_xyxy: (N, 4) float32, all finite.
        scores: (N,) float32.
        class_ids: (N,) int64.
        iou_threshold: 0..1; with 1 nothing is dropped.
        max_boxes: how many to keep at most.

    Returns:
        Indices of the kept boxes, best score first.
    """
    order = np.argsort(-scores, kind="stable")
    if iou_threshold >= 1:
        return order[:max_boxes]
    boxes, classes = _computable(boxes_xyxy)[order], class_ids[order]

    def rivals(first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which pairs are of one class and overlap too much: one pass serves all classes."""
        overlap = iou_matrix(boxes[first], boxes[second]) > iou_threshold
        overlap &= classes[first, None] == classes[None, second]
        return overlap

    kept = np.empty(0, dtype=np.intp)
    for start in range(0, len(order), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(order)))
        if len(kept):
            block = block[~rivals(block, kept).any(axis=1)]
        kept = np.concatenate([kept, block[_greedy(rivals(block, block))]])
        if len(kept) >= max_boxes:
            break
    return order[kept[:max_boxes]]


def _computable(boxes_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes whose area is within the reach of their type: absurdly large ones in float64."""
    if np.abs(boxes_xyxy).max(initial=0) < _LARGE:
        return boxes_xyxy
    return boxes_xyxy.astype(np.float64)


def _greedy(overlaps: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Indices of the boxes that survive among themselves.

    Args:
        overlaps: (N, N), which pairs rule each other out; sorted by score.
    """
    later = np.triu(overlaps, k=1)
    alive = np.ones(len(later), dtype=bool)
    for index in np.flatnonzero(later.any(axis=1)):
        if alive[index]:
            alive &= ~later[index]
    return np.flatnonzero(alive)
