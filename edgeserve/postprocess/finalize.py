"""Candidates to detections: the only place that crosses from model to source pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.detections import Detections
from edgeserve.geometry.nms import nms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeserve.geometry.letterbox import Letterbox
    from edgeserve.postprocess.candidates import Candidates


@dataclass(frozen=True, slots=True)
class Selection:
    """What a client wants of the candidates.

    Attributes:
        score_threshold: 0..1.
        iou_threshold: 0..1, for suppression within a class.
        max_detections: the best so many.
        wanted: (C,) bool, the classes to report; None means all.
        raw_outputs: whether to keep what the model computed.
    """

    score_threshold: float
    iou_threshold: float
    max_detections: int
    wanted: NDArray[np.bool_] | None = None
    raw_outputs: bool = False


def finalize(candidates: Candidates, selection: Selection, placement: Letterbox) -> Detections:
    """Filter, suppress, and map back to the source picture.

    Boxes and scores that are not finite, and boxes that have no area inside the picture, are left
    out: an engine that returns NaN must not become a detection.
    """
    boxes, scores, class_ids = candidates.boxes_xyxy, candidates.scores, candidates.class_ids
    with np.errstate(over="ignore", invalid="ignore"):
        source = placement.to_source(boxes)
    # Before suppression: a box that nobody will see takes no place among the best.
    usable = (source[:, 2:] > source[:, :2]).all(axis=1)
    usable &= np.isfinite(boxes).all(axis=1)
    usable &= np.isfinite(scores) & (scores > selection.score_threshold)
    if selection.wanted is not None:
        usable &= selection.wanted[class_ids]
    if not usable.all():
        boxes, scores, class_ids = boxes[usable], scores[usable], class_ids[usable]
        source = source[usable]
    kept = nms(boxes, scores, class_ids, selection.iou_threshold, selection.max_detections)
    return Detections(
        boxes_xyxy=source[kept],
        scores=scores[kept],
        class_ids=class_ids[kept],
    )
