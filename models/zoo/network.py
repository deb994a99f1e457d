"""A network from a recipe."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor, nn

from models.zoo.backbones.c2f import C2fBackbone
from models.zoo.backbones.csp_tiny import CspTinyBackbone
from models.zoo.blocks.conv import ConvBnAct
from models.zoo.heads.decoupled import DecoupledHead
from models.zoo.necks.pan import Pan
from models.zoo.necks.pan_c2f import PanC2f

if TYPE_CHECKING:
    from models.recipe import ModelRecipe

BACKBONES = {
    "csp-tiny": CspTinyBackbone,
    "c2f": C2fBackbone,
    "c3k2": partial(C2fBackbone, nested=True),
}
NECKS = {"pan": Pan, "pan-c2f": PanC2f, "pan-c3k2": partial(PanC2f, nested=True)}


class Network(nn.Module):
    """Backbone, neck and head.

    Input (B, 3, H, W) float32, H and W multiples of 32. Output: see `DecoupledHead`.
    """

    def __init__(self, recipe: ModelRecipe) -> None:
        """Build the parts that the recipe names."""
        super().__init__()
        self.backbone = BACKBONES[recipe.family](recipe.widths, act=recipe.activation)
        self.neck = NECKS[recipe.neck](
            self.backbone.tap_widths, recipe.neck_widths, act=recipe.activation
        )
        self.head = DecoupledHead(recipe)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Box logits and class logits."""
        out: tuple[Tensor, Tensor] = self.head(self.neck(self.backbone(images)))
        return out

    def fold(self) -> Network:
        """Fold all batch norms into their convolutions, in place; for inference only."""
        self.eval()
        for module in self.modules():
            if isinstance(module, ConvBnAct):
                module.fold()
        return self
