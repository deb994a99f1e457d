"""Path aggregation with a C2f block at each meeting of two maps, each level at its own width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from models.zoo.blocks.c2f import C2f
from models.zoo.blocks.conv import ConvBnAct
from models.zoo.levels import TapLevels
from models.zoo.necks.pyramid import Pyramid
from models.zoo.part import NeckSettings
from models.zoo.scaling import SCALES, Size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

_REPEATS = 3
"""Of the blocks at full depth."""


class PanC2fSettings(NeckSettings):
    """Either a size, or a width for each stride; `pan-c3k2` has nested blocks."""

    kind: Literal["pan-c2f", "pan-c3k2"]
    size: Size | None = None
    widths: list[int] | None = None
    repeats: int = Field(default=1, ge=1)
    """Steps of each block, where widths are given."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.size is None) == (self.widths is None):
            msg = "expected either size, or widths"
            raise ValueError(msg)
        return self

    def build(self, tap_widths: Mapping[str, int], strides: Sequence[int], act: str) -> Pyramid:
        """Make the neck: no laterals, the blocks take any width."""
        taps = TapLevels(tap_widths, strides, act=act)
        numbers, wide = taps.numbers, self._widths(taps.numbers)
        repeats = SCALES[self.size].repeats(_REPEATS) if self.size else self.repeats
        nested = self.kind == "pan-c3k2"
        left = {n: wide[n] for n in numbers[:-1]} | {numbers[-1]: taps.widths[numbers[-1]]}

        def block(wide_in: int, wide_out: int) -> C2f:
            return C2f(wide_in, wide_out, repeats, shortcut=nested, nested=nested, act=act)

        return Pyramid(
            taps,
            {
                "top": {
                    n: block(left[n + 1] + taps.widths[n], wide[n]) for n in reversed(numbers[:-1])
                },
                "down": {n: ConvBnAct(wide[n], wide[n], 3, 2, act=act) for n in numbers[:-1]},
                "bottom": {n: block(wide[n - 1] + left[n], wide[n]) for n in numbers[1:]},
            },
            wide,
        )

    def _widths(self, numbers: Sequence[int]) -> dict[int, int]:
        if self.size:
            return {n: SCALES[self.size].width_at(2**n) for n in numbers}
        widths = self.widths or []
        if len(widths) != len(numbers):
            msg = f"neck widths {widths}: expected one for each of {len(numbers)} strides"
            raise ValueError(msg)
        return dict(zip(numbers, widths, strict=True))
