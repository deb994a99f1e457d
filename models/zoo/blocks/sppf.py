"""Spatial pyramid pooling by repeated small pools."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct


class Sppf(nn.Module):
    """Three 5x5 pools in a row see 5, 9 and 13 cells; a 1x1 convolution takes all four maps.

    Computes what `Spp` does, from the same weights. Input (B, in, H, W) float32, output
    (B, out, H, W) float32.
    """

    def __init__(self, wide_in: int, wide_out: int, *, act: str = "silu") -> None:
        """Build both convolutions around one shared pool."""
        super().__init__()
        half = wide_in // 2
        self.reduce = ConvBnAct(wide_in, half, 1, act=act)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.mix = ConvBnAct(4 * half, wide_out, 1, act=act)

    def forward(self, x: Tensor) -> Tensor:
        """Reduce, pool thrice, mix."""
        maps = [self.reduce(x)]
        for _ in range(3):
            maps.append(self.pool(maps[-1]))
        out: Tensor = self.mix(torch.cat(maps, dim=1))
        return out
