"""CSPDarknet-53: cross-stage-partial blocks behind strided convolutions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import nn

from models.zoo.backbones.stages import StagedBackbone
from models.zoo.blocks.conv import ConvBnAct
from models.zoo.blocks.csp import Csp
from models.zoo.part import BackboneSettings
from models.zoo.scaling import round_channels

_WIDTHS = (32, 64, 128, 256, 512, 1024)


class CspDarknet53Settings(BackboneSettings):
    """YOLOv4's has Mish."""

    family: Literal["csp-darknet53"]
    width: float = Field(default=1.0, gt=0)
    """Multiplies all widths (32 at the stem, 1024 at stride 32)."""
    repeats: tuple[int, int, int, int, int] = (1, 2, 8, 8, 4)
    """Residuals of the stages, strides 2 to 32."""

    def build(self, act: str) -> CspDarknet53Backbone:
        """Make the backbone."""
        return CspDarknet53Backbone(self, act)


class CspDarknet53Backbone(StagedBackbone):
    """Taps P2 to P5. Convolutions are registered in Darknet's order."""

    def __init__(self, settings: CspDarknet53Settings, act: str) -> None:
        """Build from settings."""
        widths = [round_channels(settings.width * full) for full in _WIDTHS]
        stages = [
            nn.Sequential(
                ConvBnAct(widths[index], widths[index + 1], 3, 2, act=act),
                Csp(widths[index + 1], count, whole=index == 0, act=act),
            )
            for index, count in enumerate(settings.repeats)
        ]
        super().__init__(ConvBnAct(3, widths[0], act=act), stages, widths[1:], first=1)
