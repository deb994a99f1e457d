"""The decoupled anchor-free head: one branch for distances, one for classes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.recipe import ModelRecipe

_PRIOR_OBJECTS = 5.0
"""Objects expected in a picture of _PRIOR_SIDE pixels: sets the first class scores."""
_PRIOR_SIDE = 640.0


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


class DecoupledHead(nn.Module):
    """Distances as a distribution over reg_max bins, in units of the stride; no objectness.

    Input: one map (B, neck_widths[i], H/s, W/s) float32 for each stride. Output: box_logits
    (B, 4 * reg_max, N) and class_logits (B, classes, N), both float32; the N anchors lie
    level after level, row-major within each; sides in the order left, top, right, bottom.
    """

    def __init__(self, recipe: ModelRecipe) -> None:
        """Build a pair of branches for each stride; no weights are shared."""
        super().__init__()
        widths, width, act = recipe.neck_widths, recipe.head_width, recipe.activation
        strides, reg_max, classes = recipe.strides, recipe.reg_max, len(recipe.classes)
        self.box = nn.ModuleList(_branch(wide, width, 4 * reg_max, act) for wide in widths)
        self.cls = nn.ModuleList(_branch(wide, width, classes, act) for wide in widths)
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
        """Logits of all levels, joined along the anchors."""
        boxes = [_rows(branch(x)) for branch, x in zip(self.box, maps, strict=True)]
        classes = [_rows(branch(x)) for branch, x in zip(self.cls, maps, strict=True)]
        return torch.cat(boxes, dim=2), torch.cat(classes, dim=2)
