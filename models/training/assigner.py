"""Task-aligned assignment: which anchors learn which object."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_TOP_K = 10
_ALPHA = 0.5
_BETA = 6.0
_TINY = 1e-9
_REACH_PX = 10.0
"""Smaller objects are searched in a square of this side, so that each owns an anchor."""


@dataclass(frozen=True)
class Objects:
    """The G labelled objects of a batch."""

    picture: Tensor
    """(G,) int64: which picture of the batch each is in."""
    boxes: Tensor
    """(G, 4) float32 xyxy in pixels."""
    classes: Tensor
    """(G,) int64."""


@dataclass(frozen=True)
class Assignment:
    """P pairs of an anchor and the object that it learns; each anchor at most once."""

    anchor: Tensor
    """(P,) int64 into the B * N anchors of the batch."""
    target: Tensor
    """(P,) int64 into the G objects."""
    score: Tensor
    """(P,) float32, the soft class target."""


@torch.no_grad()
def assign(class_logits: Tensor, boxes: Tensor, points: Tensor, objects: Objects) -> Assignment:
    """Give each object the anchors whose prediction fits it best.

    Args:
        class_logits: (B, N, classes) float32.
        boxes: (B, N, 4) float32 predicted xyxy in pixels.
        points: (N, 2) float32 anchor centres in pixels.
        objects: G objects of the same batch.
    """
    count = points.shape[0]
    target, column = _inside(points, objects.boxes).nonzero(as_tuple=True)
    anchor = objects.picture[target] * count + column
    overlap = iou(boxes.reshape(-1, 4)[anchor], objects.boxes[target])
    logits = class_logits.reshape(-1, class_logits.shape[-1])[anchor, objects.classes[target]]
    metric = logits.sigmoid().pow(_ALPHA) * overlap.pow(_BETA)

    # The best anchors of each object. The floor lets anchors without overlap take part: at
    # the start of a training an object may have no others.
    amount = objects.boxes.shape[0]
    table = torch.zeros(amount, count)
    table[target, column] = metric + _TINY
    best, columns = table.topk(min(_TOP_K, count), dim=1)
    chosen = torch.zeros_like(table, dtype=torch.bool).scatter_(1, columns, best > 0)
    keep = chosen[target, column]
    target, anchor, overlap, metric = target[keep], anchor[keep], overlap[keep], metric[keep]

    keep = _winners(anchor, overlap)
    target, anchor, overlap, metric = target[keep], anchor[keep], overlap[keep], metric[keep]

    top_metric = torch.zeros(amount).scatter_reduce_(0, target, metric, "amax")
    top_overlap = torch.zeros(amount).scatter_reduce_(0, target, overlap, "amax")
    score = metric / (top_metric[target] + _TINY) * top_overlap[target]
    return Assignment(anchor, target, score)


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union (P,) of paired boxes (P, 4) xyxy."""
    sides = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0)
    shared = sides.prod(dim=1)
    area_a = (a[:, 2:] - a[:, :2]).clamp(min=0).prod(dim=1)
    area_b = (b[:, 2:] - b[:, :2]).clamp(min=0).prod(dim=1)
    return shared / (area_a + area_b - shared + _TINY)


def _inside(points: Tensor, boxes: Tensor) -> Tensor:
    """(G, N) bool: anchors whose centre lies in the object, or in reach of a tiny one."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = ((boxes[:, 2:] - boxes[:, :2]) / 2).clamp(min=_REACH_PX / 2)
    x, y = points[:, 0], points[:, 1]
    across = (x[None] - centre[:, :1]).abs() < half[:, :1]
    along = (y[None] - centre[:, 1:]).abs() < half[:, 1:]
    return across & along


def _winners(anchor: Tensor, overlap: Tensor) -> Tensor:
    """(P,) indices of the pairs to keep: of an anchor's several objects the best overlap."""
    order = overlap.argsort(descending=True)
    order = order[anchor[order].argsort(stable=True)]
    ranked = anchor[order]
    first = torch.ones_like(ranked, dtype=torch.bool)
    first[1:] = ranked[1:] != ranked[:-1]
    return order[first]
