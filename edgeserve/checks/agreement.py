"""How far two lists of detections of the same pictures say the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.geometry.boxes import iou_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgeserve.domain.detections import Detections

_MATCH_IOU = 0.7
SLACK = 0.1
"""A box that scores just over the threshold may have a partner just under it."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two lists of detections have in common.

    Attributes:
        matched: share of the boxes over the threshold, of both sides, that have a partner on the
            other, 0..1; 1 if neither side has any.
        score_mae: mean difference of their scores; a box without a partner counts its whole score.
        boxes: how many boxes over the threshold there are on both sides.
    """

    matched: float
    score_mae: float
    boxes: int


def compare(
    one: Sequence[Detections], other: Sequence[Detections], score_threshold: float
) -> Agreement:
    """Look for a partner for each box over the threshold, both ways.

    A partner is of the same class, overlaps with an IoU of at least 0.7, is taken once, and
    scores no more than 0.1 under the threshold.

    Args:
        one: for each picture; scores from `score_threshold` - 0.1 on.
        other: of the same pictures.
        score_threshold: 0..1.
    """
    differences = [
        _differences(own, theirs, score_threshold)
        for a, b in zip(one, other, strict=True)
        for own, theirs in ((a, b), (b, a))
    ]
    boxes = sum(len(scores) for scores, _ in differences)
    if not boxes:
        return Agreement(1.0, 0.0, 0)
    scores = np.concatenate([scores for scores, _ in differences])
    partners = np.concatenate([partners for _, partners in differences])
    return Agreement(
        matched=float((partners > 0).mean()),
        score_mae=float(np.abs(scores - partners).mean()),
        boxes=boxes,
    )


def _differences(
    own: Detections, theirs: Detections, score_threshold: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scores of `own` over the threshold and those of their partners, 0 where there is none.

    The best scores choose first.
    """
    near = theirs.scores >= score_threshold - SLACK
    overlaps = iou_matrix(own.boxes_xyxy, theirs.boxes_xyxy)
    overlaps[own.class_ids[:, None] != theirs.class_ids[None, :]] = 0
    overlaps[:, ~near] = 0
    order = np.argsort(-own.scores, kind="stable")
    order = order[own.scores[order] >= score_threshold]
    partners = np.zeros(len(order), dtype=np.float32)
    if overlaps.shape[1]:
        for place, index in enumerate(order):
            best = int(overlaps[index].argmax())
            if overlaps[index, best] >= _MATCH_IOU:
                overlaps[:, best] = 0
                partners[place] = theirs.scores[best]
    return own.scores[order], partners
