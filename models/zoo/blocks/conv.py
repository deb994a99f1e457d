"""Convolution, batch norm, activation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LEAKY_SLOPE = 0.1


def activation(name: str) -> nn.Module:
    """Make the activation that a recipe names."""
    if name == "leaky":
        return nn.LeakyReLU(LEAKY_SLOPE, inplace=True)
    if name == "silu":
        return nn.SiLU(inplace=True)
    msg = f"unknown activation {name!r}: silu or leaky"
    raise ValueError(msg)


class ConvBnAct(nn.Module):
    """Convolution without bias, batch norm, activation.

    Input (B, in, H, W) float32, output (B, out, H / stride, W / stride) float32 (sides even
    when the stride is 2).
    """

    def __init__(
        self, wide_in: int, wide_out: int, kernel: int = 3, stride: int = 1, *, act: str = "silu"
    ) -> None:
        """Build the three; the padding keeps the size at stride 1."""
        super().__init__()
        self.conv = nn.Conv2d(wide_in, wide_out, kernel, stride, kernel // 2, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(wide_out, eps=1e-3, momentum=0.03)
        self.act = activation(act)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the three in turn."""
        out: Tensor = self.act(self.norm(self.conv(x)))
        return out

    @torch.no_grad()
    def fold(self) -> None:
        """Put the batch norm's running statistics into the convolution; for inference only."""
        norm = self.norm
        if not isinstance(norm, nn.BatchNorm2d):
            return
        if norm.running_mean is None or norm.running_var is None:
            msg = "a batch norm without running statistics cannot be folded"
            raise ValueError(msg)
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        self.conv.weight.copy_(self.conv.weight * gain[:, None, None, None])
        self.conv.bias = nn.Parameter(norm.bias - norm.running_mean * gain)
        self.norm = nn.Identity()
