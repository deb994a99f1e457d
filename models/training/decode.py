"""Logits to detections, for validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from models.zoo.anchors import anchor_points, boxes_from_distances, expected_distances

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

SCORE_OVER = 0.001
NMS_IOU = 0.65
MOST = 100
_CANDIDATES = 1000


def decode_boxes(box_logits: Tensor, size: tuple[int, int], strides: Sequence[int]) -> Tensor:
    """Boxes (B, N, 4) float32 xyxy in model pixels of box_logits (B, 4 * reg_max, N).

    Args:
        box_logits: float32.
        size: height and width of the input in pixels.
        strides: of the levels.
    """
    points, units = anchor_points(*size, strides)
    rows = box_logits.transpose(1, 2)
    return boxes_from_distances(expected_distances(rows, rows.shape[-1] // 4), points, units)


def suppress(
    boxes: NDArray[np.float32], scores: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Class-wise NMS of one picture.

    Args:
        boxes: (N, 4) float32 xyxy in model pixels.
        scores: (N, classes) float32.

    Returns:
        Boxes (n, 4) float32, scores (n,) float32 and classes (n,) int64, best first.
    """
    anchor, classes = np.nonzero(scores > SCORE_OVER)
    flat = scores[anchor, classes]
    order = np.argsort(-flat, kind="stable")[:_CANDIDATES]
    anchor, classes, flat = anchor[order], classes[order], flat[order]
    xyxy = boxes[anchor]
    xywh = np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxesBatched(
        xywh.astype(np.float64).tolist(), flat.tolist(), classes.tolist(), SCORE_OVER, NMS_IOU
    )
    index = np.asarray(kept, dtype=np.int64).reshape(-1)
    index = index[np.argsort(-flat[index], kind="stable")][:MOST]
    return xyxy[index], flat[index], classes[index]


@torch.no_grad()
def detections(
    box_logits: Tensor, class_logits: Tensor, size: tuple[int, int], strides: Sequence[int]
) -> list[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]]:
    """Detections of each picture of a batch; see `suppress`."""
    boxes = decode_boxes(box_logits, size, strides).numpy()
    scores = class_logits.transpose(1, 2).sigmoid().numpy()
    return [suppress(b, s) for b, s in zip(boxes, scores, strict=True)]
