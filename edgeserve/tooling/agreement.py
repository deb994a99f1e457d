"""How far two lists of detections of the same pictures say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.geometry.boxes import iou_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.domain.detections import Detections

_MATCH_IOU = 0.7
_SLACK = 0.1
"""A box that scores just over the threshold may have a partner just under it."""


def agreement(
    one: Sequence[Detections], other: Sequence[Detections], score_threshold: float
) -> float:
    """Share of the boxes over the threshold, of both sides, that have a partner on the other.

    A partner is of the same class, overlaps with an IoU of at least 0.7, is taken once, and
    scores no more than 0.1 under the threshold.

    Args:
        one: for each picture; scores from `score_threshold` - 0.1 on.
        other: of the same pictures.
        score_threshold: 0..1.

    Returns:
        0..1; 1 if neither side found anything.
    """
    boxes = partners = 0
    for a, b in zip(one, other, strict=True):
        for own, theirs in ((a, b), (b, a)):
            sure = int((own.scores >= score_threshold).sum())
            boxes += sure
            partners += _partners(own, theirs, score_threshold)
    return partners / boxes if boxes else 1.0


def _partners(own: Detections, theirs: Detections, score_threshold: float) -> int:
    """How many of `own` over the threshold have a partner; the best scores choose first."""
    near = theirs.scores >= score_threshold - _SLACK
    overlaps = iou_matrix(own.boxes_xyxy, theirs.boxes_xyxy)
    overlaps[own.class_ids[:, None] != theirs.class_ids[None, :]] = 0
    overlaps[:, ~near] = 0
    count = 0
    for index in np.argsort(-own.scores, kind="stable"):
        if own.scores[index] < score_threshold or not overlaps.shape[1]:
            break
        best = int(overlaps[index].argmax())
        if overlaps[index, best] >= _MATCH_IOU:
            overlaps[:, best] = 0
            count += 1
    return count
