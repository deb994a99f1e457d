"""Class, box and distance losses over assigned anchors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from models.training.assigner import Objects, assign, iou
from models.zoo.anchors import anchor_points, boxes_from_distances, expected_distances

if TYPE_CHECKING:
    from collections.abc import Sequence

BOX_GAIN, CLASS_GAIN, DISTANCE_GAIN = 7.5, 0.5, 1.5
_TINY = 1e-7


@dataclass(frozen=True)
class Targets:
    """What a batch holds."""

    objects: Objects
    labelled: Tensor
    """(B, N, classes) bool: where each class counts."""


@dataclass(frozen=True)
class Losses:
    """Weighted scalars."""

    box: Tensor
    cls: Tensor
    distance: Tensor

    @property
    def total(self) -> Tensor:
        """Their sum."""
        return self.box + self.cls + self.distance


class DetectionLoss:
    """The loss of a network with a decoupled head."""

    def __init__(self, strides: Sequence[int], reg_max: int) -> None:
        """Fit a head with these strides and bins."""
        self._strides = strides
        self._reg_max = reg_max

    def __call__(
        self, box_logits: Tensor, class_logits: Tensor, targets: Targets, size: int
    ) -> Losses:
        """Compute the losses.

        Args:
            box_logits: (B, 4 * reg_max, N) float32.
            class_logits: (B, classes, N) float32.
            targets: of the same batch.
            size: side of the pictures in pixels.
        """
        points, units = anchor_points(size, size, self._strides)
        box_rows = box_logits.transpose(1, 2).contiguous()
        class_rows = class_logits.transpose(1, 2).contiguous()
        with torch.no_grad():
            distances = expected_distances(box_rows, self._reg_max)
            boxes = boxes_from_distances(distances, points, units)
        found = assign(class_rows, boxes, points, targets.objects)
        wanted = torch.zeros_like(class_rows).flatten(0, 1)
        wanted[found.anchor, targets.objects.classes[found.target]] = found.score
        whole = found.score.sum().clamp(min=1.0)
        each = functional.binary_cross_entropy_with_logits(
            class_rows, wanted.view_as(class_rows), reduction="none"
        )
        # A class that the picture's origin does not label may be there: neither right nor wrong.
        cls = (each * targets.labelled).sum() / whole

        own = box_rows.flatten(0, 1)[found.anchor]
        column = found.anchor % points.shape[0]
        goal = targets.objects.boxes[found.target]
        learned = boxes_from_distances(
            expected_distances(own, self._reg_max), points[column], units[column]
        )
        box = ((1 - ciou(learned, goal)) * found.score).sum() / whole
        distance = self._distance(own, points[column], units[column], goal)
        return Losses(
            box=BOX_GAIN * box,
            cls=CLASS_GAIN * cls,
            distance=DISTANCE_GAIN * (distance * found.score).sum() / whole,
        )

    def _distance(self, logits: Tensor, points: Tensor, units: Tensor, goal: Tensor) -> Tensor:
        """(P,): cross-entropy between the two bins beside the true distance, mean of 4 sides."""
        sides = torch.cat([points - goal[:, :2], goal[:, 2:] - points], dim=1) / units[:, None]
        sides = sides.clamp(0, self._reg_max - 1 - 0.01)
        low = sides.floor()
        chances = logits.reshape(-1, 4, self._reg_max).log_softmax(dim=-1)
        below = chances.gather(-1, low.long()[..., None]).squeeze(-1)
        above = chances.gather(-1, low.long()[..., None] + 1).squeeze(-1)
        return -(below * (low + 1 - sides) + above * (sides - low)).mean(dim=1)


def ciou(a: Tensor, b: Tensor) -> Tensor:
    """Complete IoU (P,) of paired boxes (P, 4) xyxy: minus centre distance and shape terms."""
    overlap = iou(a, b)
    outer = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    diagonal = outer.pow(2).sum(dim=1) + _TINY
    apart = (a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]).pow(2).sum(dim=1) / 4
    sides_a, sides_b = a[:, 2:] - a[:, :2], b[:, 2:] - b[:, :2]
    angle_a = torch.atan(sides_a[:, 0] / (sides_a[:, 1] + _TINY))
    angle_b = torch.atan(sides_b[:, 0] / (sides_b[:, 1] + _TINY))
    shape = 4 / math.pi**2 * (angle_a - angle_b).pow(2)
    with torch.no_grad():
        weight = shape / (1 - overlap + shape + _TINY)
    return overlap - apart / diagonal - weight * shape
