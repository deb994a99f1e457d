"""The 3x3 convolution in the form that a recipe chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from models.zoo.blocks.conv import ConvBnAct
from models.zoo.blocks.depthwise import DepthwiseSeparable
from models.zoo.blocks.repconv import RepConv

if TYPE_CHECKING:
    from torch import nn

Spatial = Literal["plain", "depthwise", "rep"]


def spatial(
    form: Spatial, wide_in: int, wide_out: int, stride: int = 1, *, act: str = "silu"
) -> nn.Module:
    """Make it: (B, in, H, W) to (B, out, H / stride, W / stride), both float32."""
    if form == "depthwise":
        return DepthwiseSeparable(wide_in, wide_out, 3, stride, act=act)
    if form == "rep":
        return RepConv(wide_in, wide_out, stride, act=act)
    return ConvBnAct(wide_in, wide_out, 3, stride, act=act)
