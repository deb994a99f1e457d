"""Darknet-53: residuals behind strided convolutions."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import Field
from torch import nn

from models.zoo.backbones.stages import StagedBackbone
from models.zoo.blocks.bottleneck import Bottleneck
from models.zoo.blocks.conv import ConvBnAct
from models.zoo.part import BackboneSettings
from models.zoo.scaling import round_channels

_WIDTHS = (32, 64, 128, 256, 512, 1024)


class Darknet53Settings(BackboneSettings):
    """YOLOv3's is leaky."""

    family: Literal["darknet53"]
    width: float = Field(default=1.0, gt=0)
    """Multiplies all widths (32 at the stem, 1024 at stride 32)."""
    repeats: tuple[int, int, int, int, int] = (1, 2, 8, 8, 4)
    """Residuals of the stages, strides 2 to 32."""

    def build(self, act: str) -> Darknet53Backbone:
        """Make the backbone."""
        return Darknet53Backbone(self, act)


class Darknet53Backbone(StagedBackbone):
    """Taps P2 to P5."""

    def __init__(self, settings: Darknet53Settings, act: str) -> None:
        """Build from settings."""
        widths = [round_channels(settings.width * full) for full in _WIDTHS]
        stages = [
            nn.Sequential(
                ConvBnAct(wide_in, wide_out, 3, 2, act=act),
                *(
                    Bottleneck(
                        wide_out, hidden=wide_out // 2, kernels=(1, 3), shortcut=True, act=act
                    )
                    for _ in range(count)
                ),
            )
            for (wide_in, wide_out), count in zip(pairwise(widths), settings.repeats, strict=True)
        ]
        super().__init__(ConvBnAct(3, widths[0], act=act), stages, widths[1:], first=1)
