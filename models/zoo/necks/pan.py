"""Feature pyramid and path aggregation at one width on all levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field
from torch import nn

from models.zoo.blocks.conv import ConvBnAct
from models.zoo.blocks.spatial import Spatial, spatial
from models.zoo.levels import TapLevels
from models.zoo.necks.pyramid import Join, Pyramid
from models.zoo.part import NeckSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class PanSettings(NeckSettings):
    """`fpn` goes from coarse to fine; `pan` goes back too."""

    kind: Literal["fpn", "pan"]
    width: int = Field(ge=1)
    join: Join = "concat"
    conv: Spatial = "plain"
    """The form of the 3x3 convolutions; `depthwise` makes a light neck."""

    def build(self, tap_widths: Mapping[str, int], strides: Sequence[int], act: str) -> Pyramid:
        """Make the neck: 1x1 laterals to the one width, a 3x3 convolution where maps meet."""
        taps = TapLevels(tap_widths, strides, act=act)
        width, numbers = self.width, taps.numbers

        def fuse() -> nn.Module:
            conv = spatial(self.conv, width, width, act=act)
            if self.join == "sum":
                return conv
            return nn.Sequential(ConvBnAct(2 * width, width, 1, act=act), conv)

        def down() -> nn.Module:
            return spatial(self.conv, width, width, 2, act=act)

        returns = self.kind == "pan"
        return Pyramid(
            taps,
            {
                "lateral": {n: ConvBnAct(taps.widths[n], width, 1, act=act) for n in numbers},
                "top": {n: fuse() for n in reversed(numbers[:-1])},
                "down": {n: down() for n in numbers[:-1] if returns},
                "bottom": {n: fuse() for n in numbers[1:] if returns},
            },
            dict.fromkeys(numbers, width),
            join=self.join,
        )
