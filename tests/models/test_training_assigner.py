"""Which anchors learn which object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from torch import Tensor

torch = pytest.importorskip("torch")

from models.training.assigner import Objects, assign, iou  # noqa: E402
from models.zoo.anchors import anchor_points  # noqa: E402

POINTS, _ = anchor_points(64, 64, [8, 16, 32])
COUNT = POINTS.shape[0]


def _predictions(pictures: int, box: list[float]) -> tuple[Tensor, Tensor]:
    boxes = torch.tensor(box).expand(pictures, COUNT, 4).clone()
    return torch.zeros(pictures, COUNT, 2), boxes


def test_the_best_ten_anchors_inside_the_object_are_chosen() -> None:
    logits, boxes = _predictions(1, [0.0, 0.0, 40.0, 40.0])
    target = torch.tensor([[0.0, 0.0, 40.0, 40.0]])
    boxes[0, 9] = torch.tensor([0.0, 0.0, 1.0, 1.0])
    zero = torch.zeros(1, dtype=torch.long)
    found = assign(logits, boxes, POINTS, Objects(zero, target, zero))
    assert len(found.anchor) == 10
    assert 9 not in found.anchor
    assert (POINTS[found.anchor] < 40).all()
    torch.testing.assert_close(found.score, torch.ones(10))


def test_an_anchor_between_two_objects_learns_the_better_overlap() -> None:
    logits, boxes = _predictions(1, [0.0, 0.0, 36.0, 36.0])
    targets = torch.tensor([[0.0, 0.0, 36.0, 36.0], [0.0, 0.0, 64.0, 64.0]])
    zeros = torch.zeros(2, dtype=torch.long)
    found = assign(logits, boxes, POINTS, Objects(zeros, targets, zeros))
    assert len(set(found.anchor.tolist())) == len(found.anchor)
    shared = (POINTS[found.anchor] < 36).all(dim=1)
    assert (found.target[shared] == 0).sum() == 10


def test_anchors_belong_to_the_picture_of_their_object() -> None:
    logits, boxes = _predictions(3, [0.0, 0.0, 16.0, 16.0])
    target = torch.tensor([[0.0, 0.0, 16.0, 16.0]])
    objects = Objects(torch.tensor([2]), target, torch.zeros(1, dtype=torch.long))
    found = assign(logits, boxes, POINTS, objects)
    assert (found.anchor // COUNT == 2).all()


def test_an_object_smaller_than_a_cell_owns_an_anchor() -> None:
    logits, boxes = _predictions(1, [30.5, 30.5, 33.0, 33.0])
    target = torch.tensor([[31.0, 31.0, 33.0, 33.0]])
    zero = torch.zeros(1, dtype=torch.long)
    assert len(assign(logits, boxes, POINTS, Objects(zero, target, zero)).anchor) > 0


def test_no_objects_no_anchors() -> None:
    logits, boxes = _predictions(2, [0.0, 0.0, 8.0, 8.0])
    none = torch.zeros(0, dtype=torch.long)
    objects = Objects(none, torch.zeros(0, 4), none)
    assert len(assign(logits, boxes, POINTS, objects).anchor) == 0


def test_iou_of_known_boxes() -> None:
    a = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 1.0, 1.0]])
    b = torch.tensor([[1.0, 0.0, 3.0, 2.0], [2.0, 2.0, 3.0, 3.0]])
    torch.testing.assert_close(iou(a, b), torch.tensor([1 / 3, 0.0]))
