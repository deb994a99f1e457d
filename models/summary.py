"""A table of a network's layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct
from models.zoo.network import Network

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.recipe import Recipe


@dataclass(frozen=True)
class Layer:
    """One convolution (with what follows it) or one pool."""

    name: str
    shape: tuple[int, ...]
    """Of the output, without the batch."""
    parameters: int
    gflops: float
    """Two operations a multiplication; convolutions only."""


def layers(recipe: Recipe) -> list[Layer]:
    """Layers in the order in which a picture of the recipe's size meets them."""
    network = Network(recipe.model).eval()
    rows: list[Layer] = []
    shown = (ConvBnAct, nn.Conv2d, nn.MaxPool2d, nn.Upsample)
    inside = {m.conv for m in network.modules() if isinstance(m, ConvBnAct)}
    for name, module in network.named_modules():
        if isinstance(module, shown) and module not in inside:
            module.register_forward_hook(_note(name, rows))
    with torch.no_grad():
        network(torch.zeros(1, 3, recipe.input.height, recipe.input.width))
    return rows


def _note(name: str, rows: list[Layer]) -> Callable[[nn.Module, object, Tensor], None]:
    def note(module: nn.Module, _: object, output: Tensor) -> None:
        conv = module.conv if isinstance(module, ConvBnAct) else module
        work = 0
        if isinstance(conv, nn.Conv2d):
            work = 2 * conv.weight.numel() * output.shape[2] * output.shape[3]
        parameters = sum(p.numel() for p in module.parameters())
        rows.append(Layer(name, tuple(output.shape[1:]), parameters, work / 1e9))

    return note


def table(recipe: Recipe) -> str:
    """Text for people: a line a layer, and the totals."""
    rows = layers(recipe)
    lines = [f"{'layer':<28}{'output':<16}{'parameters':>12}{'GFLOPs':>9}"]
    for row in rows:
        shape = "x".join(map(str, row.shape))
        lines.append(f"{row.name:<28}{shape:<16}{row.parameters:>12,}{row.gflops:>9.3f}")
    parameters, gflops = sum(r.parameters for r in rows), sum(r.gflops for r in rows)
    lines.append(f"{'total':<28}{'':<16}{parameters:>12,}{gflops:>9.3f}")
    return "\n".join(lines)
