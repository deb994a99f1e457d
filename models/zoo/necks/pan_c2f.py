"""Path aggregation with a C2f block at each meeting of two maps, each level at its own width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.zoo.blocks.c2f import C2f
from models.zoo.blocks.conv import ConvBnAct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class PanC2f(nn.Module):
    """Input: taps P3, P4, P5 of the given widths. Output: maps (B, widths[i], H/s, W/s)."""

    def __init__(
        self,
        tap_widths: Mapping[str, int],
        widths: Sequence[int],
        *,
        nested: bool = False,
        act: str = "silu",
    ) -> None:
        """Build the two ways, down and up; no laterals, the blocks take any width."""
        super().__init__()
        w3, w4, w5 = widths
        t3, t4, t5 = (tap_widths[tap] for tap in ("P3", "P4", "P5"))

        def block(wide_in: int, wide_out: int) -> C2f:
            return C2f(wide_in, wide_out, 1, shortcut=nested, nested=nested, act=act)

        self.upsample = nn.Upsample(scale_factor=2.0, mode="nearest")
        self.top4 = block(t5 + t4, w4)
        self.top3 = block(w4 + t3, w3)
        self.down3 = ConvBnAct(w3, w3, 3, 2, act=act)
        self.down4 = ConvBnAct(w4, w4, 3, 2, act=act)
        self.bottom4 = block(w3 + w4, w4)
        self.bottom5 = block(w4 + t5, w5)

    def forward(self, taps: Mapping[str, Tensor]) -> list[Tensor]:
        """Fused maps of strides 8, 16, 32 in this order."""
        p5 = taps["P5"]
        top4 = self.top4(torch.cat([self.upsample(p5), taps["P4"]], dim=1))
        out3 = self.top3(torch.cat([self.upsample(top4), taps["P3"]], dim=1))
        out4 = self.bottom4(torch.cat([self.down3(out3), top4], dim=1))
        out5 = self.bottom5(torch.cat([self.down4(out4), p5], dim=1))
        return [out3, out4, out5]
