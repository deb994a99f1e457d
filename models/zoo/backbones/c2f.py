"""The C2f backbone and its nested C3k2 variant: strided convolutions, a block behind each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator
from torch import Tensor, nn

from models.zoo.backbones.stages import StagedBackbone
from models.zoo.blocks.c2f import C2f
from models.zoo.blocks.conv import ConvBnAct
from models.zoo.blocks.focus import Focus
from models.zoo.blocks.sppf import Sppf
from models.zoo.part import BackboneSettings
from models.zoo.scaling import SCALES, Size

if TYPE_CHECKING:
    from typing_extensions import Self

_REPEATS = (3, 6, 6, 3)
"""Of the four stages at full depth."""
_STRIDES = (2, 4, 8, 16, 32)


class C2fSettings(BackboneSettings):
    """Either a size, or widths and repeats by number."""

    family: Literal["c2f", "c3k2"]
    size: Size | None = None
    widths: Annotated[list[int], Field(min_length=5, max_length=6)] | None = None
    """Of the stem and the stages, strides 2 to 32, or to 64."""
    repeats: Annotated[list[int], Field(min_length=4, max_length=5)] | None = None
    """Steps of the blocks, one number a stage."""
    stem: Literal["conv", "focus"] = "conv"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        numbers = (self.widths, self.repeats)
        if (self.size is None) == (None in numbers) or (self.size and any(numbers)):
            msg = "expected either size, or both widths and repeats"
            raise ValueError(msg)
        if self.widths and self.repeats and len(self.widths) != len(self.repeats) + 1:
            msg = "expected one width more than repeats: the stem's"
            raise ValueError(msg)
        return self

    def numbers(self) -> tuple[list[int], list[int]]:
        """Widths and repeats, spelled out."""
        if self.size is None:
            return list(self.widths or ()), list(self.repeats or ())
        scale = SCALES[self.size]
        widths = [scale.width_at(stride) for stride in _STRIDES]
        return widths, [scale.repeats(full) for full in _REPEATS]

    def build(self, act: str) -> C2fBackbone:
        """Make the backbone."""
        return C2fBackbone(self, act)


class C2fBackbone(StagedBackbone):
    """Taps P2 to P5, or P6 with a sixth width; the topmost is pooled by an SPPF."""

    def __init__(self, settings: C2fSettings, act: str) -> None:
        """Build from settings; c3k2 has C3 steps from stride 16 on."""
        widths, repeats = settings.numbers()
        stages = []
        for index, count in enumerate(repeats):
            wide_in, wide_out = widths[index], widths[index + 1]
            nested = settings.family == "c3k2" and index >= 2  # noqa: PLR2004 - from stride 16 on
            block = C2f(wide_out, wide_out, count, shortcut=True, nested=nested, act=act)
            stages.append(nn.Sequential(ConvBnAct(wide_in, wide_out, 3, 2, act=act), block))
        stem: nn.Module = (
            Focus(3, widths[0], act=act)
            if settings.stem == "focus"
            else ConvBnAct(3, widths[0], 3, 2, act=act)
        )
        super().__init__(stem, stages, widths[1:], first=2)
        self.pool = Sppf(widths[-1], widths[-1], act=act)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Taps by name."""
        taps = super().forward(images)
        top = max(taps)
        taps[top] = self.pool(taps[top])
        return taps
