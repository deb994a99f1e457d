"""A convolution in two cheap steps."""

from __future__ import annotations

from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct


class DepthwiseSeparable(nn.Module):
    """A convolution of each channel by itself, and a 1x1 convolution that mixes channels.

    Input (B, in, H, W) float32, output (B, out, H / stride, W / stride) float32.
    """

    def __init__(
        self, wide_in: int, wide_out: int, kernel: int = 3, stride: int = 1, *, act: str = "silu"
    ) -> None:
        """Build both, each with its batch norm and activation."""
        super().__init__()
        self.space = ConvBnAct(wide_in, wide_in, kernel, stride, groups=wide_in, act=act)
        self.mix = ConvBnAct(wide_in, wide_out, 1, act=act)

    def forward(self, x: Tensor) -> Tensor:
        """Apply both."""
        out: Tensor = self.mix(self.space(x))
        return out
