"""A table of a network's layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct
from models.zoo.blocks.edge_pool import EdgePool
from models.zoo.blocks.repconv import RepConv
from models.zoo.blocks.weighted_sum import WeightedSum
from models.zoo.network import Network

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.recipe import NetworkRecipe

_SHOWN = (ConvBnAct, RepConv, WeightedSum, EdgePool, nn.Conv2d, nn.MaxPool2d, nn.Upsample)


@dataclass(frozen=True)
class Layer:
    """One convolution (with what follows it), pool, upsampling or weighted sum."""

    name: str
    shape: tuple[int, int, int]
    """Channels, height and width of the output."""
    parameters: int
    """As trained."""
    gflops: float
    """Of the folded network; two operations a multiplication; convolutions only."""


def layers(recipe: NetworkRecipe, network: Network | None = None) -> list[Layer]:
    """Layers in the order in which a picture of the recipe's size meets them.

    Args:
        recipe: what to list.
        network: a network of that recipe on the `meta` device; made if not given.
    """
    network = network or shape_network(recipe)
    rows: list[Layer] = []
    inside: set[nn.Module] = set()
    for name, module in network.named_modules():
        if isinstance(module, _SHOWN) and module not in inside:
            inside.update(module.modules())
            module.register_forward_hook(_note(name, rows))
    picture = torch.empty(1, 3, recipe.input.height, recipe.input.width, device="meta")
    with torch.no_grad():
        network(picture)
    return rows


def shape_network(recipe: NetworkRecipe) -> Network:
    """A network for inference that has shapes but no weights: it computes nothing, at once."""
    with torch.device("meta"):
        return Network(recipe.model).eval()


def _note(name: str, rows: list[Layer]) -> Callable[[nn.Module, object, Tensor], None]:
    def note(module: nn.Module, _: object, output: Tensor) -> None:
        channels, height, width = output.shape[1:]
        work = 2 * _kernel(module) * height * width
        parameters = sum(p.numel() for p in module.parameters())
        rows.append(Layer(name, (channels, height, width), parameters, work / 1e9))

    return note


def _kernel(module: nn.Module) -> int:
    """Numbers in the convolution's kernel."""
    if isinstance(module, RepConv):
        module = module.dense
    if isinstance(module, ConvBnAct):
        module = module.conv
    return module.weight.numel() if isinstance(module, nn.Conv2d) else 0


def table(recipe: NetworkRecipe) -> str:
    """Text for people: a line a layer, and the totals."""
    rows = layers(recipe)
    wide = max(len(row.name) for row in rows) + 2
    lines = [f"{'layer':<{wide}}{'output':<16}{'parameters':>12}{'GFLOPs':>9}"]
    for row in rows:
        shape = "x".join(map(str, row.shape))
        lines.append(f"{row.name:<{wide}}{shape:<16}{row.parameters:>12,}{row.gflops:>9.3f}")
    parameters, gflops = sum(r.parameters for r in rows), sum(r.gflops for r in rows)
    lines.append(f"{'total':<{wide}}{'':<16}{parameters:>12,}{gflops:>9.3f}")
    return "\n".join(lines)
