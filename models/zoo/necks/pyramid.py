"""Two ways through the levels: from coarse to fine, and back where asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from models.zoo.part import Neck

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.zoo.levels import TapLevels

Role = Literal["lateral", "up", "top", "down", "bottom"]
Join = Literal["concat", "sum"]


class Pyramid(Neck):
    """Maps meet level by level; what a kind of neck puts at each place makes the difference.

    On the way down, level n + 1 passes through `up`, grows by nearest neighbours, joins the
    level's `lateral`, and both pass through `top`. On the way up, level n - 1 passes through
    `down`, joins what the first way left, and both pass through `bottom`. A place that is left
    empty passes its map on as it is; without any `bottom` there is no second way.
    """

    def __init__(
        self,
        taps: TapLevels,
        places: Mapping[Role, Mapping[int, nn.Module]],
        widths: Mapping[int, int],
        *,
        join: Join = "concat",
        lateral_first: bool = False,
    ) -> None:
        """Put the parts in their places.

        Args:
            taps: from a backbone's taps to maps by level.
            places: modules by role and level.
            widths: channels of the output by level.
            join: how two maps become one.
            lateral_first: the order of a concat on the way down.
        """
        super().__init__()
        self.taps = taps
        for role, modules in places.items():
            for level, module in modules.items():
                self.add_module(f"{role}{level}", module)
        self.upsample = nn.Upsample(scale_factor=2.0, mode="nearest")
        self.widths = [widths[n] for n in taps.numbers]
        self.bottom_up = bool(places.get("bottom"))
        self._sums = join == "sum"
        self._lateral_first = lateral_first

    def forward(self, taps: Mapping[str, Tensor]) -> list[Tensor]:
        """Fused maps, finest first."""
        numbers = self.taps.numbers
        x = self.taps(taps)
        kept = {n: self._at("lateral", n, x[n]) for n in numbers}
        for n in reversed(numbers[:-1]):
            above = self.upsample(self._at("up", n + 1, kept[n + 1]))
            pair = [kept[n], above] if self._lateral_first else [above, kept[n]]
            kept[n] = self._at("top", n, self._join(pair))
        if not self.bottom_up:
            return [kept[n] for n in numbers]
        out = [kept[numbers[0]]]
        for n in numbers[1:]:
            below = self._at("down", n - 1, out[-1])
            out.append(self._at("bottom", n, self._join([below, kept[n]])))
        return out

    def _join(self, pair: Sequence[Tensor]) -> Tensor:
        return pair[0] + pair[1] if self._sums else torch.cat(list(pair), dim=1)

    def _at(self, role: Role, level: int, x: Tensor) -> Tensor:
        module = self._modules.get(f"{role}{level}")
        return x if module is None else module(x)
