"""YOLOv4's neck: a pool pyramid on top, and path aggregation with five convolutions a meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from torch import nn

from models.zoo.blocks.conv import ConvBnAct
from models.zoo.blocks.spp import POOLS, PoolPyramid
from models.zoo.levels import TapLevels
from models.zoo.necks.pyramid import Pyramid
from models.zoo.part import NeckSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class YoloV4Settings(NeckSettings):
    """No numbers: each level is half as wide as its tap."""

    kind: Literal["yolov4"]

    def build(self, tap_widths: Mapping[str, int], strides: Sequence[int], act: str) -> Pyramid:
        """Make the neck."""
        taps = TapLevels(tap_widths, strides, act=act)
        numbers, top = taps.numbers, taps.numbers[-1]
        wide = {n: taps.widths[n] // 2 for n in numbers}

        def chain(wide_in: int, width: int, count: int) -> list[nn.Module]:
            """1x1 to the width, 3x3 to its double, and so on."""
            convs, before = [], wide_in
            for index in range(count):
                kernel, after = (3, 2 * width) if index % 2 else (1, width)
                convs.append(ConvBnAct(before, after, kernel, act=act))
                before = after
            return list(convs)

        def five(width: int) -> nn.Sequential:
            return nn.Sequential(*chain(2 * width, width, 5))

        context = nn.Sequential(
            *chain(taps.widths[top], wide[top], 3),
            PoolPyramid(largest_first=True),
            *chain((1 + len(POOLS)) * wide[top], wide[top], 3),
        )
        laterals: dict[int, nn.Module] = {
            n: ConvBnAct(taps.widths[n], wide[n], 1, act=act) for n in numbers[:-1]
        }
        return Pyramid(
            taps,
            {
                "lateral": laterals | {top: context},
                "up": {n: ConvBnAct(wide[n], wide[n - 1], 1, act=act) for n in numbers[1:]},
                "top": {n: five(wide[n]) for n in reversed(numbers[:-1])},
                "down": {n: ConvBnAct(wide[n], wide[n + 1], 3, 2, act=act) for n in numbers[:-1]},
                "bottom": {n: five(wide[n]) for n in numbers[1:]},
            },
            wide,
            lateral_first=True,
        )
