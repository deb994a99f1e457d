"""A sum of maps whose shares are learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.zoo.blocks.fold import Foldable

if TYPE_CHECKING:
    from collections.abc import Sequence

_TINY = 1e-4


class WeightedSum(Foldable):
    """Each map counts by its share: weights cut off at 0, over their sum (fast normalisation).

    Input: `count` maps (B, c, H, W) float32 of one shape. Output: one such map.
    """

    def __init__(self, count: int) -> None:
        """Start from equal shares."""
        super().__init__()
        self.weights: nn.Parameter | None = nn.Parameter(torch.ones(count))
        self._shares: Sequence[float] = ()

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Sum up."""
        if self.weights is None:
            parts = [x * share for x, share in zip(maps, self._shares, strict=True)]
        else:
            parts = [x * share for x, share in zip(maps, _shares(self.weights), strict=True)]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    @torch.no_grad()
    def fold(self) -> None:
        """Make the shares constants."""
        if self.weights is not None:
            self._shares = [share.item() for share in _shares(self.weights)]
            self.weights = None


def _shares(weights: Tensor) -> Sequence[Tensor]:
    kept = weights.relu()
    return (kept / (kept.sum() + _TINY)).unbind()
