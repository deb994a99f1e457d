"""A network from a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from models.zoo.blocks.fold import Foldable

if TYPE_CHECKING:
    from models.recipe import ModelRecipe


class Network(nn.Module):
    """Backbone, neck and head.

    Input (B, 3, H, W) float32, H and W multiples of the largest stride. Output: a tuple of float32
    tensors in the order of `output_names`; see the heads.
    """

    def __init__(self, recipe: ModelRecipe) -> None:
        """Build the parts that the recipe names.

        Raises:
            ValueError: the parts do not fit each other.
        """
        super().__init__()
        act, strides = recipe.activation, recipe.strides
        backbone, neck, head = recipe.backbone, recipe.neck, recipe.head
        self.backbone = backbone.build(backbone.activation or act)
        self.neck = neck.build(self.backbone.tap_widths, strides, neck.activation or act)
        self.head = head.build(
            self.neck.widths, strides, len(recipe.classes), head.activation or act
        )
        self.output_names = tuple(self.head.output_names)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = recipe.norm_eps

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """The head's outputs."""
        out: tuple[Tensor, ...] = self.head(self.neck(self.backbone(images)))
        return out

    def fold(self) -> Network:
        """Fold batch norms, branches and shares into convolutions, in place; for inference only."""
        self.eval()
        for module in list(self.modules()):
            if isinstance(module, Foldable):
                module.fold()
        return self
