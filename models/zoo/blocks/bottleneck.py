"""Two convolutions with a way around them."""

from __future__ import annotations

from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct


class Bottleneck(nn.Module):
    """Two 3x3 convolutions, with their input added where `shortcut` says so.

    Input and output (B, width, H, W) float32.
    """

    def __init__(self, width: int, *, shortcut: bool, act: str = "silu") -> None:
        """Build both convolutions at the full width."""
        super().__init__()
        self.first = ConvBnAct(width, width, act=act)
        self.second = ConvBnAct(width, width, act=act)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Apply both, and add."""
        out: Tensor = self.second(self.first(x))
        return x + out if self.shortcut else out
