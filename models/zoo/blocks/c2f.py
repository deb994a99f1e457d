"""Split in two, a chain of steps on one half, all intermediate maps joined."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.zoo.blocks.bottleneck import Bottleneck
from models.zoo.blocks.conv import ConvBnAct


class C3(nn.Module):
    """Two bottlenecks on one branch of half the width, a 1x1 convolution on the other.

    Input and output (B, width, H, W) float32.
    """

    def __init__(self, width: int, *, shortcut: bool, act: str = "silu") -> None:
        """Build for `width` channels, an even number."""
        super().__init__()
        half = width // 2
        self.deep = ConvBnAct(width, half, 1, act=act)
        self.plain = ConvBnAct(width, half, 1, act=act)
        self.steps = nn.Sequential(
            *(Bottleneck(half, shortcut=shortcut, act=act) for _ in range(2))
        )
        self.mix = ConvBnAct(2 * half, width, 1, act=act)

    def forward(self, x: Tensor) -> Tensor:
        """Both branches, mixed."""
        out: Tensor = self.mix(torch.cat([self.steps(self.deep(x)), self.plain(x)], dim=1))
        return out


class C2f(nn.Module):
    """Cross-stage partial block that keeps the map after every step.

    Each step is a bottleneck or, in the nested variant (what sets a C3k2 network apart), a C3.
    Input (B, in, H, W) float32, output (B, out, H, W) float32.
    """

    def __init__(
        self,
        wide_in: int,
        wide_out: int,
        repeats: int,
        *,
        shortcut: bool,
        nested: bool = False,
        act: str = "silu",
    ) -> None:
        """Build `repeats` steps of half of `wide_out`, an even number."""
        super().__init__()
        self.step_width = wide_out // 2
        step = C3 if nested else Bottleneck
        self.entry = ConvBnAct(wide_in, 2 * self.step_width, 1, act=act)
        self.steps = nn.ModuleList(
            step(self.step_width, shortcut=shortcut, act=act) for _ in range(repeats)
        )
        self.mix = ConvBnAct((2 + repeats) * self.step_width, wide_out, 1, act=act)

    def forward(self, x: Tensor) -> Tensor:
        """Split, walk the chain, join everything."""
        maps = list(self.entry(x).split(self.step_width, dim=1))
        for step in self.steps:
            maps.append(step(maps[-1]))
        out: Tensor = self.mix(torch.cat(maps, dim=1))
        return out
