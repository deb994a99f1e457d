"""The tiny CSP backbone: two stem convolutions and three CSP blocks with pools between."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct
from models.zoo.blocks.csp_tiny import CspTiny
from models.zoo.blocks.sppf import Sppf
from models.zoo.part import Backbone, BackboneSettings


class CspTinySettings(BackboneSettings):
    """YOLOv4-tiny's has widths 32, 64, 128, 256, 512, taps of mixes, and no SPPF."""

    family: Literal["csp-tiny"]
    widths: Annotated[list[int], Field(min_length=5, max_length=5)]
    """Of the two stem convolutions, then of the stages from stride 8 on."""
    taps: Literal["joined", "mixed"] = "joined"
    """From inside the CSP blocks: everything that they put out, or the mix without the entry."""
    sppf: bool = True

    @field_validator("widths")
    @classmethod
    def _double(cls, widths: list[int]) -> list[int]:
        if widths[2:] != [2 * widths[1], 4 * widths[1], 8 * widths[1]]:
            msg = f"each CSP block doubles the width, so {widths} cannot be built"
            raise ValueError(msg)
        return widths

    def build(self, act: str) -> CspTinyBackbone:
        """Make the backbone."""
        return CspTinyBackbone(self, act)


class CspTinyBackbone(Backbone):
    """Taps P2 to P4 from the CSP blocks, P5 from the convolution behind them."""

    def __init__(self, settings: CspTinySettings, act: str) -> None:
        """Build from settings."""
        super().__init__()
        w0, w1, w2, w3, w4 = settings.widths
        self.stem = nn.Sequential(ConvBnAct(3, w0, 3, 2, act=act), ConvBnAct(w0, w1, 3, 2, act=act))
        self.stage2 = CspTiny(w1, act=act)
        self.stage3 = CspTiny(w2, act=act)
        self.stage4 = CspTiny(w3, act=act)
        self.stage5 = nn.Sequential(ConvBnAct(w4, w4, act=act))
        if settings.sppf:
            self.stage5.append(Sppf(w4, w4, act=act))
        self.pool = nn.MaxPool2d(2, 2)
        self._mixed = settings.taps == "mixed"
        inner = (w1, w2, w3) if self._mixed else (w2, w3, w4)
        self.tap_widths = dict(zip(("P2", "P3", "P4", "P5"), (*inner, w4), strict=True))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Taps by name."""
        taps = {}
        x = self.stem(images)
        for name, stage in (("P2", self.stage2), ("P3", self.stage3), ("P4", self.stage4)):
            entry, mixed = stage.parts(x)
            joined = torch.cat([entry, mixed], dim=1)
            taps[name] = mixed if self._mixed else joined
            x = self.pool(joined)
        taps["P5"] = self.stage5(x)
        return taps
