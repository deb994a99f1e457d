"""COCO average precision of detections over labelled pictures.

101 recall points, IoU from 0.50 to 0.95 in steps of 0.05, all areas, at most 100 detections;
computed by pycocotools. Only the classes that an origin labels are judged: objects and detections
of the others are as if they were not there.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgeserve.tooling.required import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgeserve.domain.detections import Detections
    from edgeserve.tooling.dataset import Origin

PROTOCOL = "COCO AP, IoU .50:.95, score > 0.001, class-wise NMS 0.65, 100 detections an image"


@dataclass(frozen=True, slots=True)
class Precision:
    """Average precision, 0..1."""

    ap: float
    ap50: float


@dataclass(frozen=True, slots=True)
class OriginPrecision:
    """Of one origin.

    Attributes:
        mean: over its labelled classes.
        per_class: each of them by label.
        curves: by label, precision at IoU 0.5 for the recalls 0, 0.01, … 1; empty where nothing
            is labelled or nothing was found.
    """

    mean: Precision
    per_class: Mapping[str, Precision]
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)


def average_precision(
    origin: Origin,
    found: Sequence[Detections],
    labels: Sequence[str],
) -> OriginPrecision:
    """Judge detections.

    Args:
        origin: pictures with their objects.
        found: for each picture of the origin, boxes in pixels of the picture.
        labels: of the model.

    Raises:
        NotAvailableError: pycocotools is not installed.
    """
    coco, cocoeval = require("pycocotools.coco"), require("pycocotools.cocoeval")
    answers = _answers(origin, found)
    table = None
    if answers:
        truth = coco.COCO()
        truth.dataset = _truth(origin)
        # pycocotools reports to standard output, which belongs to the command's own result.
        with contextlib.redirect_stdout(io.StringIO()):
            truth.createIndex()
            judge = cocoeval.COCOeval(truth, truth.loadRes(answers), "bbox")
            judge.evaluate()
            judge.accumulate()
        # (IoU thresholds, recalls, classes, areas, most detections); -1 where nothing is labelled.
        table = judge.eval["precision"][:, :, :, 0, -1]
    return OriginPrecision(
        _precision(table),
        {
            labels[class_id]: _precision(None if table is None else table[:, :, index])
            for index, class_id in enumerate(origin.labelled)
        },
        {
            labels[class_id]: table[0, :, index].tolist()
            for index, class_id in enumerate(origin.labelled)
            if table is not None and (table[0, :, index] >= 0).all()
        },
    )


def _truth(origin: Origin) -> dict[str, Any]:
    annotations: list[dict[str, Any]] = []
    for number, picture in enumerate(origin.pictures):
        boxes, class_ids = picture.boxes_xyxy.tolist(), picture.class_ids.tolist()
        for (left, top, right, bottom), class_id in zip(boxes, class_ids, strict=True):
            if class_id in origin.labelled:
                width, height = right - left, bottom - top
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": number,
                        "category_id": class_id,
                        "bbox": [left, top, width, height],
                        "area": width * height,
                        "iscrowd": 0,
                    }
                )
    return {
        "info": {},
        "images": [{"id": number} for number in range(len(origin.pictures))],
        "categories": [{"id": class_id} for class_id in origin.labelled],
        "annotations": annotations,
    }


def _answers(origin: Origin, found: Sequence[Detections]) -> list[dict[str, Any]]:
    return [
        {
            "image_id": number,
            "category_id": class_id,
            "bbox": [left, top, right - left, bottom - top],
            "score": score,
        }
        for number, detections in enumerate(found)
        for (left, top, right, bottom), class_id, score in zip(
            detections.boxes_xyxy.tolist(),
            detections.class_ids.tolist(),
            detections.scores.tolist(),
            strict=True,
        )
        if class_id in origin.labelled
    ]


def _precision(table: Any) -> Precision:  # noqa: ANN401 - pycocotools has no types
    return Precision(_mean(table), _mean(None if table is None else table[:1]))


def _mean(table: Any) -> float:  # noqa: ANN401 - as above
    known = [] if table is None else table[table > -1].tolist()
    return sum(known) / len(known) if known else 0.0
