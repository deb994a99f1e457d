"""A backbone of ELAN blocks with pools between."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from models.zoo.backbones.stages import StagedBackbone
from models.zoo.blocks.conv import ConvBnAct
from models.zoo.blocks.elan import Elan
from models.zoo.blocks.spatial import Spatial
from models.zoo.blocks.sppf import Sppf
from models.zoo.part import BackboneSettings


class ElanSettings(BackboneSettings):
    """YOLOv7-tiny's has widths 32, 64, 128, 256, 512, depth 2, and is leaky."""

    family: Literal["elan"]
    widths: Annotated[list[int], Field(min_length=5, max_length=6)]
    """Of the stem and the stages, strides 2 to 32, or to 64."""
    depth: int = Field(default=2, ge=1)
    """Convolutions in the chain of each block."""
    conv: Spatial = "plain"
    """The form of those convolutions."""

    def build(self, act: str) -> ElanBackbone:
        """Make the backbone."""
        return ElanBackbone(self, act)


class ElanBackbone(StagedBackbone):
    """Taps P2 to P5, or P6 with a sixth width; the topmost is pooled by an SPPF."""

    def __init__(self, settings: ElanSettings, act: str) -> None:
        """Build from settings."""
        widths, depth, conv = settings.widths, settings.depth, settings.conv

        def stage(index: int) -> nn.Sequential:
            wide_in, wide_out = widths[index - 1], widths[index]
            if index == 1:
                return nn.Sequential(
                    ConvBnAct(wide_in, wide_out, 3, 2, act=act),
                    Elan(wide_out, wide_out, depth, conv=conv, act=act),
                )
            return nn.Sequential(
                nn.MaxPool2d(2, 2), Elan(wide_in, wide_out, depth, conv=conv, act=act)
            )

        stages = [stage(index) for index in range(1, len(widths))]
        stages[-1].append(Sppf(widths[-1], widths[-1], act=act))
        super().__init__(ConvBnAct(3, widths[0], 3, 2, act=act), stages, widths[1:], first=2)
