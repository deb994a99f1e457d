"""The cross-stage-partial block of CSPDarknet-53."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.zoo.blocks.bottleneck import Bottleneck
from models.zoo.blocks.conv import ConvBnAct


class Csp(nn.Module):
    """Residuals on one branch, nothing on the other, both behind 1x1 convolutions of their own.

    Input and output (B, width, H, W) float32. Convolutions are registered in Darknet's order.
    """

    def __init__(self, width: int, repeats: int, *, whole: bool = False, act: str = "mish") -> None:
        """Build `repeats` residuals.

        Args:
            width: channels in and out, an even number.
            repeats: residuals.
            whole: branches as wide as the block instead of half as wide, with residuals that
                narrow to half: the first stage of CSPDarknet-53.
            act: name of the activation.
        """
        super().__init__()
        branch = width if whole else width // 2
        hidden = branch // 2 if whole else branch
        self.bypass = ConvBnAct(width, branch, 1, act=act)
        self.entry = ConvBnAct(width, branch, 1, act=act)
        self.steps = nn.Sequential(
            *(
                Bottleneck(branch, hidden=hidden, kernels=(1, 3), shortcut=True, act=act)
                for _ in range(repeats)
            )
        )
        self.exit = ConvBnAct(branch, branch, 1, act=act)
        self.mix = ConvBnAct(2 * branch, width, 1, act=act)

    def forward(self, x: Tensor) -> Tensor:
        """Both branches, mixed."""
        deep = self.exit(self.steps(self.entry(x)))
        out: Tensor = self.mix(torch.cat([deep, self.bypass(x)], dim=1))
        return out
