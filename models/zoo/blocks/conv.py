"""Convolution, batch norm, activation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.zoo.blocks.fold import Foldable

if TYPE_CHECKING:
    from collections.abc import Callable

LEAKY_SLOPE = 0.1

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "silu": lambda: nn.SiLU(inplace=True),
    "mish": lambda: nn.Mish(inplace=True),
    "leaky": lambda: nn.LeakyReLU(LEAKY_SLOPE, inplace=True),
    "relu": lambda: nn.ReLU(inplace=True),
    "relu6": lambda: nn.ReLU6(inplace=True),
    "linear": nn.Identity,
}


def activation(name: str) -> nn.Module:
    """Make the activation that a recipe names.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in _ACTIVATIONS:
        msg = f"unknown activation {name!r}: expected one of {', '.join(_ACTIVATIONS)}"
        raise ValueError(msg)
    return _ACTIVATIONS[name]()


class ConvBnAct(Foldable):
    """Convolution without bias, batch norm, activation.

    Input (B, in, H, W) float32, output (B, out, H / stride, W / stride) float32 (sides even
    when the stride is 2).
    """

    def __init__(
        self,
        wide_in: int,
        wide_out: int,
        kernel: int = 3,
        stride: int = 1,
        *,
        groups: int = 1,
        act: str = "silu",
    ) -> None:
        """Build the three; the padding keeps the size at stride 1."""
        super().__init__()
        self.conv = nn.Conv2d(
            wide_in, wide_out, kernel, stride, kernel // 2, groups=groups, bias=False
        )
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
        gain, shift = gain_and_shift(norm)
        self.conv.weight.copy_(self.conv.weight * gain[:, None, None, None])
        self.conv.bias = nn.Parameter(shift)
        self.norm = nn.Identity()

    def folded(self) -> tuple[Tensor, Tensor]:
        """Kernel (out, in / groups, side, side) and bias (out,) after `fold`, both float32.

        Raises:
            ValueError: it is not folded.
        """
        if self.conv.bias is None:
            msg = "this convolution has no bias yet: fold it first"
            raise ValueError(msg)
        return self.conv.weight, self.conv.bias


def gain_and_shift(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """What a batch norm multiplies by and then adds in inference, each (channels,) float32.

    Raises:
        ValueError: it keeps no running statistics.
    """
    if norm.running_mean is None or norm.running_var is None:
        msg = "a batch norm without running statistics cannot be folded"
        raise ValueError(msg)
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return gain, norm.bias - norm.running_mean * gain
