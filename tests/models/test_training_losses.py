"""What the losses pull on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from torch import Tensor

torch = pytest.importorskip("torch")

from models.training.assigner import Objects  # noqa: E402
from models.training.label_mask import label_mask  # noqa: E402
from models.training.losses import DetectionLoss, Targets, ciou  # noqa: E402

STRIDES, SIZE, CLASSES, REG_MAX = [8, 16, 32], 64, 5, 16
COUNT = 8 * 8 + 4 * 4 + 2 * 2


def _targets(labelled: Tensor, box: list[float], label: int) -> Targets:
    return Targets(Objects(torch.tensor([0]), torch.tensor([box]), torch.tensor([label])), labelled)


def test_unlabelled_classes_get_no_gradient() -> None:
    torch.manual_seed(0)
    labelled = torch.ones(1, COUNT, CLASSES, dtype=torch.bool)
    labelled[:, :, 1:] = False
    box = torch.randn(1, 4 * REG_MAX, COUNT, requires_grad=True)
    cls = torch.randn(1, CLASSES, COUNT, requires_grad=True)
    targets = _targets(labelled, [8.0, 8.0, 40.0, 48.0], 0)
    torch.autograd.backward(DetectionLoss(STRIDES, REG_MAX)(box, cls, targets, SIZE).total)
    assert cls.grad is not None
    assert box.grad is not None
    assert cls.grad[:, 0].abs().min() > 0
    assert not cls.grad[:, 1:].any()
    assert box.grad.any()


def test_a_mask_is_drawn_per_anchor_and_padding_is_labelled() -> None:
    labelled = {"all": np.array([True, True]), "some": np.array([True, False])}
    tiles = [(0, 0, 32, 32, "all"), (32, 0, 64, 20, "some")]
    mask = label_mask(SIZE, STRIDES, tiles, labelled)
    assert mask.shape == (COUNT, 2)
    assert mask[:, 0].all()
    level8 = mask[:64, 1].reshape(8, 8)
    # Rows of stride 8 have their centres at 4, 12, 20 ...: the tile's edge at 20 excludes 20.
    assert not level8[:2, 4:].any()
    assert level8[2:].all()
    assert level8[:, :4].all()


def test_masked_anchors_alone_get_no_gradient() -> None:
    mask = label_mask(
        SIZE, STRIDES, [(0, 0, 32, 64, "some")], {"some": np.array([True] + [False] * 4)}
    )
    box = torch.zeros(1, 4 * REG_MAX, COUNT)
    cls = torch.zeros(1, CLASSES, COUNT, requires_grad=True)
    targets = _targets(torch.from_numpy(mask)[None], [40.0, 8.0, 60.0, 30.0], 3)
    torch.autograd.backward(DetectionLoss(STRIDES, REG_MAX)(box, cls, targets, SIZE).cls)
    assert cls.grad is not None
    assert torch.equal(cls.grad[0].T != 0, torch.from_numpy(mask))


def test_a_picture_without_objects_has_a_finite_loss() -> None:
    none = torch.zeros(0, dtype=torch.long)
    labelled = torch.ones(1, COUNT, CLASSES, dtype=torch.bool)
    box = torch.zeros(1, 4 * REG_MAX, COUNT, requires_grad=True)
    cls = torch.zeros(1, CLASSES, COUNT, requires_grad=True)
    losses = DetectionLoss(STRIDES, REG_MAX)(
        box, cls, Targets(Objects(none, torch.zeros(0, 4), none), labelled), SIZE
    )
    torch.autograd.backward(losses.total)
    assert losses.box == 0
    assert torch.isfinite(losses.total)


def test_descent_finds_the_box() -> None:
    box = torch.zeros(1, 4 * REG_MAX, COUNT, requires_grad=True)
    cls = torch.zeros(1, CLASSES, COUNT, requires_grad=True)
    labelled = torch.ones(1, COUNT, CLASSES, dtype=torch.bool)
    targets = _targets(labelled, [12.0, 12.0, 52.0, 52.0], 2)
    optimizer = torch.optim.Adam([box, cls], lr=0.5)
    loss = DetectionLoss(STRIDES, REG_MAX)
    for _ in range(80):
        optimizer.zero_grad()
        losses = loss(box, cls, targets, SIZE)
        torch.autograd.backward(losses.total)
        optimizer.step()
    assert losses.box < 0.1


def test_ciou_is_one_for_equal_boxes_and_falls_with_distance() -> None:
    a = torch.tensor([[0.0, 0.0, 4.0, 2.0]]).expand(3, 4)
    b = torch.tensor([[0.0, 0.0, 4.0, 2.0], [5.0, 0.0, 9.0, 2.0], [9.0, 0.0, 13.0, 2.0]])
    equal, near, far = ciou(a, b).tolist()
    assert equal == pytest.approx(1, abs=1e-5)
    assert 0 > near > far > -1


def test_what_a_teacher_doubts_is_neither_object_nor_background() -> None:
    labelled = {"people": np.array([True, False])}
    tiles = [(0, 0, SIZE, SIZE, "")]
    mask = label_mask(SIZE, STRIDES, tiles, labelled, [(0, 0, SIZE / 2, SIZE, 1)])
    cells = SIZE // STRIDES[0]
    first = mask[: cells * cells].reshape(cells, cells, 2)
    assert first[..., 0].all()
    assert not first[:, : cells // 2, 1].any()
    assert first[:, cells // 2 :, 1].all()
