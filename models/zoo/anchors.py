"""Anchor points, and distances to boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence


def anchor_points(height: int, width: int, strides: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Centres of the cells of all levels.

    Returns:
        (N, 2) float32 x and y in model pixels, and (N,) float32 strides; level after level,
        row-major within each.
    """
    points, units = [], []
    for stride in strides:
        ys, xs = torch.meshgrid(
            torch.arange(height // stride, dtype=torch.float32),
            torch.arange(width // stride, dtype=torch.float32),
            indexing="ij",
        )
        points.append((torch.stack([xs, ys], dim=-1).reshape(-1, 2) + 0.5) * stride)
        units.append(torch.full((points[-1].shape[0],), float(stride)))
    return torch.cat(points), torch.cat(units)


def expected_distances(box_logits: Tensor, reg_max: int) -> Tensor:
    """Expectation of the binned distances.

    Args:
        box_logits: (..., 4 * reg_max) float32.
        reg_max: bins a side.

    Returns:
        (..., 4) float32 left, top, right, bottom in units of the stride.
    """
    bins = torch.arange(reg_max, dtype=box_logits.dtype, device=box_logits.device)
    sides = box_logits.reshape(*box_logits.shape[:-1], 4, reg_max)
    return (sides.softmax(dim=-1) * bins).sum(dim=-1)


def boxes_from_distances(distances: Tensor, points: Tensor, units: Tensor) -> Tensor:
    """Boxes (..., 4) float32 xyxy in model pixels.

    Args:
        distances: (..., 4) float32 in units of the stride.
        points: (..., 2) float32 anchor centres in model pixels.
        units: (...) float32 strides.
    """
    lengths = distances * units[..., None]
    return torch.cat([points - lengths[..., :2], points + lengths[..., 2:]], dim=-1)
