"""Efficient layer aggregation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct
from models.zoo.blocks.spatial import Spatial, spatial


class Elan(nn.Module):
    """Two 1x1 entries, a chain behind the second, and a 1x1 convolution over every map of both.

    Input (B, in, H, W) float32, output (B, out, H, W) float32.
    """

    def __init__(
        self, wide_in: int, wide_out: int, depth: int, *, conv: Spatial = "plain", act: str = "silu"
    ) -> None:
        """Build a chain of `depth` 3x3 convolutions of half of `wide_out`, an even number."""
        super().__init__()
        half = wide_out // 2
        self.plain = ConvBnAct(wide_in, half, 1, act=act)
        self.entry = ConvBnAct(wide_in, half, 1, act=act)
        self.steps = nn.ModuleList(spatial(conv, half, half, act=act) for _ in range(depth))
        self.mix = ConvBnAct((2 + depth) * half, wide_out, 1, act=act)

    def forward(self, x: Tensor) -> Tensor:
        """Walk the chain, join everything."""
        maps = [self.plain(x), self.entry(x)]
        for step in self.steps:
            maps.append(step(maps[-1]))
        out: Tensor = self.mix(torch.cat(maps, dim=1))
        return out
