"""The tiny CSP backbone: two stem convolutions and three CSP blocks with pools between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct
from models.zoo.blocks.csp_tiny import CspTiny
from models.zoo.blocks.sppf import Sppf

if TYPE_CHECKING:
    from collections.abc import Sequence


class CspTinyBackbone(nn.Module):
    """Input (B, 3, H, W) float32, H and W multiples of 32.

    Output: P3 (B, widths[3], H/8, W/8), P4 (B, widths[4], H/16, W/16) and
    P5 (B, widths[4], H/32, W/32), all float32.
    """

    def __init__(self, widths: Sequence[int], *, act: str = "silu") -> None:
        """Build from five widths, each twice the one before from the second on."""
        super().__init__()
        w0, w1, w2, w3, w4 = widths
        if (w2, w3, w4) != (2 * w1, 4 * w1, 8 * w1):
            msg = f"each CSP block doubles the width, so {list(widths)} cannot be built"
            raise ValueError(msg)
        self.stem = nn.Sequential(ConvBnAct(3, w0, 3, 2, act=act), ConvBnAct(w0, w1, 3, 2, act=act))
        self.stage2 = CspTiny(w1, act=act)
        self.stage3 = CspTiny(w2, act=act)
        self.stage4 = CspTiny(w3, act=act)
        self.stage5 = nn.Sequential(ConvBnAct(w4, w4, act=act), Sppf(w4, w4, act=act))
        self.pool = nn.MaxPool2d(2, 2)
        self.tap_widths = {"P3": w3, "P4": w4, "P5": w4}

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Taps by name: stride 8 is P3, 16 is P4, 32 is P5."""
        x = self.pool(self.stage2(self.stem(x)))
        p3 = self.stage3(x)
        p4 = self.stage4(self.pool(p3))
        p5 = self.stage5(self.pool(p4))
        return {"P3": p3, "P4": p4, "P5": p5}
