"""Spatial pyramid pooling by pools of growing size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct

if TYPE_CHECKING:
    from collections.abc import Sequence

POOLS = (5, 9, 13)


class PoolPyramid(nn.Module):
    """The input and its maxima over growing windows, joined.

    Input (B, c, H, W) float32, output (B, (1 + pools) * c, H, W) float32.
    """

    def __init__(self, sides: Sequence[int] = POOLS, *, largest_first: bool = False) -> None:
        """Build the pools.

        Args:
            sides: of the windows in cells, odd numbers from small to large.
            largest_first: join from the largest window down to the input, as YOLOv4 does.
        """
        super().__init__()
        self.pools = nn.ModuleList(nn.MaxPool2d(side, 1, side // 2) for side in sides)
        self._largest_first = largest_first

    def forward(self, x: Tensor) -> Tensor:
        """Pool and join."""
        maps = [x, *(pool(x) for pool in self.pools)]
        return torch.cat(maps[::-1] if self._largest_first else maps, dim=1)


class Spp(nn.Module):
    """A pool pyramid between two 1x1 convolutions.

    Computes what `Sppf` does, from the same weights. Input (B, in, H, W) float32, output
    (B, out, H, W) float32.
    """

    def __init__(self, wide_in: int, wide_out: int, *, act: str = "silu") -> None:
        """Build both convolutions around the pools."""
        super().__init__()
        half = wide_in // 2
        self.reduce = ConvBnAct(wide_in, half, 1, act=act)
        self.pyramid = PoolPyramid()
        self.mix = ConvBnAct((1 + len(POOLS)) * half, wide_out, 1, act=act)

    def forward(self, x: Tensor) -> Tensor:
        """Reduce, pool, mix."""
        out: Tensor = self.mix(self.pyramid(self.reduce(x)))
        return out
