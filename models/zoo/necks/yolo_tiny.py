"""The neck of YOLOv3-tiny and YOLOv4-tiny: one step from coarse to fine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from models.zoo.blocks.conv import ConvBnAct
from models.zoo.levels import TapLevels
from models.zoo.necks.pyramid import Pyramid
from models.zoo.part import NeckSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class YoloTinySettings(NeckSettings):
    """The original has width 256."""

    kind: Literal["yolo-tiny"]
    width: int = Field(default=256, ge=2)
    """Of the coarsest map, and twice that of what goes up from a level."""

    def build(self, tap_widths: Mapping[str, int], strides: Sequence[int], act: str) -> Pyramid:
        """Make the neck: the finer maps are joined and passed on without a convolution."""
        taps = TapLevels(tap_widths, strides, act=act)
        numbers = taps.numbers
        wide = {numbers[-1]: self.width}
        for n in reversed(numbers[:-1]):
            wide[n] = self.width // 2 + taps.widths[n]
        return Pyramid(
            taps,
            {
                "lateral": {
                    numbers[-1]: ConvBnAct(taps.widths[numbers[-1]], self.width, 1, act=act)
                },
                "up": {n: ConvBnAct(wide[n], self.width // 2, 1, act=act) for n in numbers[1:]},
            },
            wide,
        )
