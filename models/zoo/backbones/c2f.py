"""The C2f backbone, and its nested C3k2 variant: five strided convolutions, four blocks, SPPF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from models.zoo.blocks.c2f import C2f
from models.zoo.blocks.conv import ConvBnAct
from models.zoo.blocks.sppf import Sppf

if TYPE_CHECKING:
    from collections.abc import Sequence

_REPEATS = (1, 2, 2, 1)


class C2fBackbone(nn.Module):
    """Input (B, 3, H, W) float32, H and W multiples of 32.

    Output: P3 (B, widths[2], H/8, W/8), P4 (B, widths[3], H/16, W/16) and
    P5 (B, widths[4], H/32, W/32), all float32.
    """

    def __init__(self, widths: Sequence[int], *, nested: bool = False, act: str = "silu") -> None:
        """Build from five widths, one for each stride from 2 to 32.

        Args:
            widths: of the stem and the four stages.
            nested: C3 steps in the two deepest stages.
            act: name of the activation.
        """
        super().__init__()
        self.stem = ConvBnAct(3, widths[0], 3, 2, act=act)
        stages = []
        for index, repeats in enumerate(_REPEATS):
            wide_in, wide_out = widths[index], widths[index + 1]
            deep = nested and index >= 2  # noqa: PLR2004 - strides 16 and 32
            block = C2f(wide_out, wide_out, repeats, shortcut=True, nested=deep, act=act)
            stages.append(nn.Sequential(ConvBnAct(wide_in, wide_out, 3, 2, act=act), block))
        self.stages = nn.ModuleList(stages)
        self.pool = Sppf(widths[4], widths[4], act=act)
        self.tap_widths = {"P3": widths[2], "P4": widths[3], "P5": widths[4]}

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Taps by name: stride 8 is P3, 16 is P4, 32 is P5."""
        p2 = self.stages[0](self.stem(x))
        p3 = self.stages[1](p2)
        p4 = self.stages[2](p3)
        return {"P3": p3, "P4": p4, "P5": self.pool(self.stages[3](p4))}
