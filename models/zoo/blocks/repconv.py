"""Three branches while training, one convolution after."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.zoo.blocks.conv import ConvBnAct, activation, gain_and_shift
from models.zoo.blocks.fold import Foldable


class RepConv(Foldable):
    """Sum of a 3x3 convolution, a 1x1 convolution and, where shapes allow, the input itself.

    Each branch has its batch norm; the activation follows the sum. Input (B, in, H, W) float32,
    output (B, out, H / stride, W / stride) float32.
    """

    def __init__(self, wide_in: int, wide_out: int, stride: int = 1, *, act: str = "silu") -> None:
        """Build the branches."""
        super().__init__()
        self.dense = ConvBnAct(wide_in, wide_out, 3, stride, act="linear")
        self.point: ConvBnAct | None = ConvBnAct(wide_in, wide_out, 1, stride, act="linear")
        same = wide_in == wide_out and stride == 1
        self.same = nn.BatchNorm2d(wide_out, eps=1e-3, momentum=0.03) if same else None
        self.act = activation(act)

    def forward(self, x: Tensor) -> Tensor:
        """Sum of the branches that are left, activated."""
        total = self.dense(x)
        for branch in (self.point, self.same):
            if branch is not None:
                total = total + branch(x)
        out: Tensor = self.act(total)
        return out

    @torch.no_grad()
    def fold(self) -> None:
        """Add the other branches to the kernel and the bias of the 3x3 convolution."""
        self.dense.fold()
        kernel, bias = self.dense.folded()
        if self.point is not None:
            self.point.fold()
            small, shift = self.point.folded()
            kernel += functional.pad(small, [1, 1, 1, 1])
            bias += shift
        if self.same is not None:
            gain, shift = gain_and_shift(self.same)
            kernel[:, :, 1, 1] += torch.diag(gain)
            bias += shift
        self.point = self.same = None
