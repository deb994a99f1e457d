"""The tiny cross-stage-partial block."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct


class CspTiny(nn.Module):
    """Half of the channels takes a detour of two convolutions; all meet again by concat.

    Input (B, c, H, W) float32, output (B, 2c, H, W) float32.
    """

    def __init__(self, width: int, *, act: str = "silu") -> None:
        """Build the four convolutions for `width` channels, an even number."""
        super().__init__()
        half = self.detour_from = width // 2
        self.entry = ConvBnAct(width, width, act=act)
        self.first = ConvBnAct(half, half, act=act)
        self.second = ConvBnAct(half, half, act=act)
        self.mix = ConvBnAct(width, width, 1, act=act)

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The entry and the mix, each (B, c, H, W): the two halves of the output."""
        route = self.entry(x)
        first = self.first(route[:, self.detour_from :])
        mixed = self.mix(torch.cat([self.second(first), first], dim=1))
        return route, mixed

    def forward(self, x: Tensor) -> Tensor:
        """Entry, detour of its second half, mix, and the entry beside it."""
        return torch.cat(self.parts(x), dim=1)
