"""The decoupled anchor-free head: one branch for distances, one for classes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from models.zoo.blocks.conv import ConvBnAct
from models.zoo.part import Head, HeadSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

_PRIOR_OBJECTS = 5.0
"""Objects expected in a picture of _PRIOR_SIDE pixels: sets the first class scores."""
_PRIOR_SIDE = 640.0
_SIDES = 4


class DflSettings(HeadSettings):
    """Distances as distributions over bins."""

    kind: Literal["dfl"]
    width: int = Field(ge=1)
    """Of the branches."""
    reg_max: int = Field(default=16, ge=2)
    """Bins a side."""

    def build(
        self, widths: Sequence[int], strides: Sequence[int], classes: int, act: str
    ) -> DecoupledHead:
        """Make the head; its outputs are `box_logits` and `class_logits`."""
        return DecoupledHead(self, widths, strides, classes, act)

    def facts(self) -> dict[str, str]:
        """Bins a side."""
        return {"reg_max": str(self.reg_max)}


class DistancesSettings(HeadSettings):
    """Distances as plain numbers."""

    kind: Literal["distances"]
    width: int = Field(ge=1)
    """Of the branches."""

    def build(
        self, widths: Sequence[int], strides: Sequence[int], classes: int, act: str
    ) -> DecoupledHead:
        """Make the head; its outputs are `distances` and `class_logits`."""
        return DecoupledHead(self, widths, strides, classes, act)

    def facts(self) -> dict[str, str]:
        """Nothing: the strides say it all."""
        return {}


class DecoupledHead(Head):
    """Distances from a cell's centre to the sides of a box, in units of the stride; no objectness.

    Output: box_logits (B, 4 * reg_max, N), or distances (B, 4, N), none below 0; and class_logits
    (B, classes, N); all float32. The N anchors lie level after level, row-major within each;
    sides in the order left, top, right, bottom.
    """

    def __init__(
        self,
        settings: DflSettings | DistancesSettings,
        widths: Sequence[int],
        strides: Sequence[int],
        classes: int,
        act: str,
    ) -> None:
        """Build a pair of branches for each stride; no weights are shared."""
        super().__init__()
        self._binned = isinstance(settings, DflSettings)
        bins = settings.reg_max if isinstance(settings, DflSettings) else 1
        width = settings.width
        self.box = nn.ModuleList(_branch(wide, width, _SIDES * bins, act) for wide in widths)
        self.cls = nn.ModuleList(_branch(wide, width, classes, act) for wide in widths)
        self.output_names = ("box_logits" if self._binned else "distances", "class_logits")
        for stride, box, cls in zip(strides, self.box, self.cls, strict=True):
            self._prior(box, 1.0)
            prior = _PRIOR_OBJECTS / classes / (_PRIOR_SIDE / stride) ** 2
            self._prior(cls, math.log(prior))

    @staticmethod
    def _prior(branch: nn.Module, bias: float) -> None:
        last = list(branch.modules())[-1]
        if isinstance(last, nn.Conv2d) and last.bias is not None:
            nn.init.constant_(last.bias, bias)

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Boxes and classes of all levels, joined along the anchors."""
        boxes = [_rows(branch(x)) for branch, x in zip(self.box, maps, strict=True)]
        classes = [_rows(branch(x)) for branch, x in zip(self.cls, maps, strict=True)]
        box = torch.cat(boxes, dim=2)
        return box if self._binned else functional.softplus(box), torch.cat(classes, dim=2)


def _branch(wide_in: int, width: int, out: int, act: str) -> nn.Sequential:
    return nn.Sequential(
        ConvBnAct(wide_in, width, act=act),
        ConvBnAct(width, width, act=act),
        nn.Conv2d(width, out, 1),
    )


def _rows(x: Tensor) -> Tensor:
    """(B, channels, H, W) to (B, channels, H * W).

    By plain numbers: `flatten` would leave shape arithmetic in the exported graph.
    """
    channels, height, width = (int(side) for side in x.shape[1:])
    return x.reshape(-1, channels, height * width)
