"""Path aggregation: down from P5 to P3, and up again, fusing by concat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _fuse(width: int, act: str) -> nn.Sequential:
    return nn.Sequential(ConvBnAct(2 * width, width, 1, act=act), ConvBnAct(width, width, act=act))


class Pan(nn.Module):
    """Input: taps P3, P4, P5 of the given widths. Output: three maps (B, width, H/s, W/s)."""

    def __init__(
        self, tap_widths: Mapping[str, int], widths: Sequence[int], *, act: str = "silu"
    ) -> None:
        """Build laterals to the one width of `widths`, and a fusion for each meeting."""
        super().__init__()
        width = widths[0]
        if set(widths) != {width}:
            msg = f"this neck has one width on all levels, so {list(widths)} cannot be built"
            raise ValueError(msg)
        self.lateral3 = ConvBnAct(tap_widths["P3"], width, 1, act=act)
        self.lateral4 = ConvBnAct(tap_widths["P4"], width, 1, act=act)
        self.lateral5 = ConvBnAct(tap_widths["P5"], width, 1, act=act)
        self.upsample = nn.Upsample(scale_factor=2.0, mode="nearest")
        self.top4 = _fuse(width, act)
        self.top3 = _fuse(width, act)
        self.down3 = ConvBnAct(width, width, 3, 2, act=act)
        self.down4 = ConvBnAct(width, width, 3, 2, act=act)
        self.bottom4 = _fuse(width, act)
        self.bottom5 = _fuse(width, act)

    def forward(self, taps: Mapping[str, Tensor]) -> list[Tensor]:
        """Fused maps of strides 8, 16, 32 in this order."""
        p5 = self.lateral5(taps["P5"])
        top4 = self.top4(torch.cat([self.upsample(p5), self.lateral4(taps["P4"])], dim=1))
        out3 = self.top3(torch.cat([self.upsample(top4), self.lateral3(taps["P3"])], dim=1))
        out4 = self.bottom4(torch.cat([self.down3(out3), top4], dim=1))
        out5 = self.bottom5(torch.cat([self.down4(out4), p5], dim=1))
        return [out3, out4, out5]
