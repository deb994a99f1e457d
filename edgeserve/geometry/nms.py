"""Non-maximum suppression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.geometry.boxes import iou_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 256
"""Boxes looked at together: bounds the IoU matrices, whatever a threshold lets through."""


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
        boxes_xyxy: (N, 4) float32.
        scores: (N,) float32.
        class_ids: (N,) int64.
        iou_threshold: 0..1.
        max_boxes: how many to keep at most.

    Returns:
        Indices of the kept boxes, best score first.
    """
    order = np.argsort(-scores, kind="stable")
    # Boxes of different classes are moved apart, so one pass serves all classes.
    shifted = _apart(boxes_xyxy, class_ids)[order]
    kept = np.empty(0, dtype=np.intp)
    for start in range(0, len(order), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(order)))
        if len(kept):
            overlap = iou_matrix(shifted[block], shifted[kept]) > iou_threshold
            block = block[~overlap.any(axis=1)]
        kept = np.concatenate([kept, block[_greedy(shifted[block], iou_threshold)]])
        if len(kept) >= max_boxes:
            break
    return order[kept[:max_boxes]]


def _apart(
    boxes_xyxy: NDArray[np.float32],
    class_ids: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Boxes shifted by class, so far that no two classes touch."""
    if len(boxes_xyxy) == 0:
        return boxes_xyxy
    low, high = boxes_xyxy.min(), boxes_xyxy.max()
    offsets: NDArray[np.float32] = (class_ids * (high - low + 1)).astype(np.float32)[:, None]
    return boxes_xyxy + offsets


def _greedy(boxes_xyxy: NDArray[np.float32], iou_threshold: float) -> NDArray[np.intp]:
    """Indices of the boxes that survive among themselves; the input is sorted by score."""
    overlaps = np.triu(iou_matrix(boxes_xyxy, boxes_xyxy) > iou_threshold, k=1)
    alive = np.ones(len(boxes_xyxy), dtype=bool)
    for index in np.flatnonzero(overlaps.any(axis=1)):
        if alive[index]:
            alive &= ~overlaps[index]
    return np.flatnonzero(alive)
