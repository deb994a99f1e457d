"""A stem that halves the picture without throwing pixels away."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct


class SpaceToDepth(nn.Module):
    """Every 2x2 cell becomes one, its four pixels side by side in the channels.

    Input (B, c, H, W), output (B, 4c, H/2, W/2): the top left pixels, then the bottom left, the
    top right and the bottom right ones.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Pick the four grids."""
        grids = [x[..., row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return torch.cat(grids, dim=1)


class Focus(nn.Module):
    """Space to depth, and a 3x3 convolution.

    Input (B, in, H, W) float32, output (B, out, H/2, W/2) float32.
    """

    def __init__(self, wide_in: int, wide_out: int, *, act: str = "silu") -> None:
        """Build both."""
        super().__init__()
        self.rearrange = SpaceToDepth()
        self.mix = ConvBnAct(4 * wide_in, wide_out, act=act)

    def forward(self, x: Tensor) -> Tensor:
        """Apply both."""
        out: Tensor = self.mix(self.rearrange(x))
        return out
