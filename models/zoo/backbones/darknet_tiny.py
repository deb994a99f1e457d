"""Darknet-tiny: seven plain convolutions with pools between."""

from __future__ import annotations

import itertools
from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct
from models.zoo.blocks.edge_pool import EdgePool
from models.zoo.part import Backbone, BackboneSettings
from models.zoo.scaling import round_channels

_WIDTHS = (16, 32, 64, 128, 256, 512, 1024)
_HALVED = 5
"""Convolutions that a halving pool follows; the sixth is followed by one that keeps the size."""


class DarknetTinySettings(BackboneSettings):
    """YOLOv3-tiny's is leaky."""

    family: Literal["darknet-tiny"]
    width: float = Field(default=1.0, gt=0)
    """Multiplies all widths (16 at the first convolution, 1024 at the last)."""

    def build(self, act: str) -> DarknetTinyBackbone:
        """Make the backbone."""
        return DarknetTinyBackbone(self, act)


class DarknetTinyBackbone(Backbone):
    """Taps P2 to P5, each the last convolution of its stride."""

    def __init__(self, settings: DarknetTinySettings, act: str) -> None:
        """Build from settings."""
        super().__init__()
        widths = [3, *(round_channels(settings.width * full) for full in _WIDTHS)]
        self.convs = nn.ModuleList(
            ConvBnAct(wide_in, wide_out, act=act)
            for wide_in, wide_out in itertools.pairwise(widths)
        )
        self.pool = nn.MaxPool2d(2, 2)
        self.edge_pool = EdgePool()
        self.tap_widths = {"P2": widths[3], "P3": widths[4], "P4": widths[5], "P5": widths[7]}

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Taps by name."""
        x, maps = images, []
        for index, conv in enumerate(self.convs):
            x = conv(x)
            maps.append(x)
            if index < _HALVED:
                x = self.pool(x)
            elif index == _HALVED:
                x = self.edge_pool(x)
        return {"P2": maps[2], "P3": maps[3], "P4": maps[4], "P5": maps[6]}
