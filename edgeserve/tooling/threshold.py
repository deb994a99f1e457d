"""The score from which a model's detections are worth reporting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.geometry.boxes import iou_matrix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgeserve.domain.detections import Detections
    from edgeserve.tooling.dataset import LabelledPicture, Origin

_STEPS = tuple(round(0.05 * step, 2) for step in range(1, 20))
_MATCH_IOU = 0.5


def best_threshold(
    origins: Sequence[Origin],
    found: Mapping[str, Sequence[Detections]],
) -> tuple[float, float]:
    """The multiple of 0.05 with the best mean F1 over the classes.

    A detection is right if it overlaps an object of its class that no better one has taken with
    an IoU of at least 0.5.

    Args:
        origins: labelled pictures.
        found: by origin, for each picture, detections with scores from 0.05 on.

    Returns:
        The threshold and its mean F1.
    """
    hits: dict[int, list[tuple[float, bool]]] = {}
    objects: dict[int, int] = {}
    for origin in origins:
        for picture, detections in zip(origin.pictures, found[origin.name], strict=True):
            for class_id in origin.labelled:
                scores, right = _judge(picture, detections, class_id)
                hits.setdefault(class_id, []).extend(zip(scores, right, strict=True))
                count = int((picture.class_ids == class_id).sum())
                objects[class_id] = objects.get(class_id, 0) + count
    known = [class_id for class_id, count in objects.items() if count]
    means = {
        step: float(np.mean([_f1(hits[class_id], objects[class_id], step) for class_id in known]))
        for step in _STEPS
    }
    best = max(means, key=lambda step: means[step])
    return best, means[best]


def _judge(
    picture: LabelledPicture,
    detections: Detections,
    class_id: int,
) -> tuple[list[float], list[bool]]:
    """Scores of one class, best first, and whether each is right."""
    own = detections.class_ids == class_id
    truth = picture.boxes_xyxy[picture.class_ids == class_id]
    overlaps: NDArray[np.float32] = iou_matrix(detections.boxes_xyxy[own], truth)
    right = []
    for row in overlaps:
        index = int(row.argmax()) if len(row) else -1
        good = index >= 0 and float(row[index]) >= _MATCH_IOU
        if good:
            overlaps[:, index] = 0  # taken
        right.append(good)
    return detections.scores[own].tolist(), right


def _f1(hits: Sequence[tuple[float, bool]], objects: int, threshold: float) -> float:
    right = sum(good for score, good in hits if score > threshold)
    reported = sum(score > threshold for score, _ in hits)
    return 2 * right / (objects + reported)
