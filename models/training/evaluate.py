"""COCO average precision over a labelled split."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from edgeserve.domain.model import Fit
from edgeserve.geometry.letterbox import Letterbox
from edgeserve.preprocess.letterbox import letterbox
from models.training.decode import detections

if TYPE_CHECKING:
    from torch import nn

    from models.recipe import Recipe
    from models.training.dataset import Origins, Sample

_BATCH = 16


@dataclass(frozen=True)
class Precision:
    """COCO AP (IoU 0.50 to 0.95) and AP50, both 0..1."""

    ap: float
    ap50: float
    class_ap50: tuple[float, ...]
    """Of the labelled classes, in their order."""


@torch.no_grad()
def evaluate(
    network: nn.Module, samples: list[Sample], origins: Origins, recipe: Recipe
) -> dict[str, Precision]:
    """Average precision by origin, each over the classes that it labels.

    The network takes (B, 3, H, W) float32 and is in evaluation mode; pictures are placed as
    the server places them, and boxes are compared in pixels of the source.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for start in range(0, len(samples), _BATCH):
        chunk = samples[start : start + _BATCH]
        for sample, rows in zip(chunk, _detect(network, chunk, recipe), strict=True):
            found[sample.name] = rows
    results = {}
    for origin in sorted({sample.origin for sample in samples}):
        own = [sample for sample in samples if sample.origin == origin]
        labelled = np.flatnonzero(origins.labelled[origin]).tolist()
        results[origin] = _precision(own, found, labelled)
    return results


def _detect(
    network: nn.Module, samples: list[Sample], recipe: Recipe
) -> list[list[dict[str, Any]]]:
    height, width = recipe.input.height, recipe.input.width
    places = [
        Letterbox.plan(s.pixels.shape[1], s.pixels.shape[0], width, height, Fit(recipe.input.fit))
        for s in samples
    ]
    pictures = [
        letterbox(s.pixels, place, pad_value=recipe.input.pad)
        for s, place in zip(samples, places, strict=True)
    ]
    images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / recipe.input.scale
    box_logits, class_logits = network(images)
    rows = []
    every = detections(box_logits, class_logits, (height, width), recipe.model.strides)
    for place, (boxes, scores, classes) in zip(places, every, strict=True):
        source = place.to_source(boxes)
        sides = source[:, 2:] - source[:, :2]
        xywh = np.concatenate([source[:, :2], sides], axis=1).tolist()
        rows.append(
            [
                {"category_id": int(c), "bbox": box, "score": float(s)}
                for box, s, c in zip(xywh, scores, classes, strict=True)
            ]
        )
    return rows


def _precision(
    samples: list[Sample], found: dict[str, list[dict[str, Any]]], labelled: list[int]
) -> Precision:
    truth = COCO()
    annotations: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for number, sample in enumerate(samples):
        sides = sample.boxes[:, 2:] - sample.boxes[:, :2]
        for box, side, label in zip(sample.boxes, sides, sample.classes, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": int(label),
                    "bbox": [*box.tolist()[:2], *side.tolist()],
                    "area": float(side.prod()),
                    "iscrowd": 0,
                }
            )
        answers += [
            {**row, "image_id": number}
            for row in found[sample.name]
            if row["category_id"] in labelled
        ]
    truth.dataset = {
        "images": [{"id": number} for number in range(len(samples))],
        "categories": [{"id": label} for label in labelled],
        "annotations": annotations,
    }
    if not answers:
        return Precision(0.0, 0.0, (0.0,) * len(labelled))
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(answers), "bbox")
        judge.params.catIds = labelled
        judge.evaluate()
        judge.accumulate()
    # (IoU thresholds, recalls, classes, areas, most detections); -1 where nothing is labelled.
    table = judge.eval["precision"][:, :, :, 0, -1]
    by_class = tuple(_mean(table[:1, :, index]) for index in range(len(labelled)))
    return Precision(_mean(table), _mean(table[:1]), by_class)


def _mean(table: Any) -> float:  # noqa: ANN401 - pycocotools has no types
    known = table[table > -1]
    return float(known.mean()) if known.size else 0.0
