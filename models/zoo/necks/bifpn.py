"""Bidirectional pyramid with learned, fast-normalised shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field
from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct
from models.zoo.blocks.spatial import Spatial, spatial
from models.zoo.blocks.weighted_sum import WeightedSum
from models.zoo.levels import TapLevels
from models.zoo.part import Neck, NeckSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class BiFpnSettings(NeckSettings):
    """The original has depthwise convolutions."""

    kind: Literal["bifpn"]
    width: int = Field(ge=1)
    repeats: int = Field(default=2, ge=1)
    """How often maps go down and up."""
    conv: Spatial = "depthwise"

    def build(self, tap_widths: Mapping[str, int], strides: Sequence[int], act: str) -> BiFpn:
        """Make the neck."""
        return BiFpn(self, TapLevels(tap_widths, strides, act=act), act)


class _Meeting(nn.Module):
    def __init__(self, count: int, width: int, conv: Spatial, act: str) -> None:
        super().__init__()
        self.sum = WeightedSum(count)
        self.conv = spatial(conv, width, width, act=act)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        out: Tensor = self.conv(self.sum(maps))
        return out


class _Round(nn.Module):
    """Once from coarse to fine and back, at one width."""

    def __init__(self, levels: int, width: int, conv: Spatial, act: str) -> None:
        super().__init__()
        self.upsample = nn.Upsample(scale_factor=2.0, mode="nearest")
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.down = nn.ModuleList(_Meeting(2, width, conv, act) for _ in range(levels - 1))
        # An inner level meets its input once more on the way back; the coarsest was left as it is.
        self.up = nn.ModuleList(
            _Meeting(3 if index < levels - 2 else 2, width, conv, act)
            for index in range(levels - 1)
        )

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Finest first, in and out."""
        last = len(maps) - 1
        kept = list(maps)
        for index in reversed(range(last)):
            kept[index] = self.down[index]([maps[index], self.upsample(kept[index + 1])])
        out = [kept[0]]
        for index in range(1, last + 1):
            inputs = [kept[index], self.pool(out[-1])]
            if index < last:
                inputs.insert(0, maps[index])
            out.append(self.up[index - 1](inputs))
        return out


class BiFpn(Neck):
    """1x1 laterals to one width, then rounds."""

    bottom_up = True

    def __init__(self, settings: BiFpnSettings, taps: TapLevels, act: str) -> None:
        """Build from settings."""
        super().__init__()
        width, levels = settings.width, len(taps.numbers)
        self.taps = taps
        self.laterals = nn.ModuleList(
            ConvBnAct(taps.widths[n], width, 1, act=act) for n in taps.numbers
        )
        self.rounds = nn.Sequential(
            *(_Round(levels, width, settings.conv, act) for _ in range(settings.repeats))
        )
        self.widths = [width] * levels

    def forward(self, taps: Mapping[str, Tensor]) -> list[Tensor]:
        """Fused maps, finest first."""
        x = self.taps(taps)
        maps = [lateral(x[n]) for n, lateral in zip(self.taps.numbers, self.laterals, strict=True)]
        out: list[Tensor] = self.rounds(maps)
        return out
