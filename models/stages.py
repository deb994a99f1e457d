"""A network's layers summed up by part and stride."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from models.summary import layers, shape_network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.recipe import NetworkRecipe
    from models.summary import Layer
    from models.zoo.network import Network

_NAMES = {
    "ConvBnAct": "Conv",
    "Conv2d": "Conv",
    "MaxPool2d": "Pool",
    "EdgePool": "Pool",
    "Csp": "CSP",
    "CspTiny": "CSP",
    "Elan": "ELAN",
    "Sppf": "SPPF",
    "Bottleneck": "Residual",
    "PoolPyramid": "SPP",
}
"""Words for classes whose names are not plain enough."""


@dataclass(frozen=True)
class Stage:
    """What a part of the network does at one stride."""

    stride: int
    shapes: Sequence[tuple[int, int, int]]
    """Channels, height and width of what leaves it: of a head, one for each of its branches."""
    blocks: Sequence[str]
    """Kinds of its blocks with their numbers, as met first."""
    parameters: int
    gflops: float


@dataclass(frozen=True)
class Outline:
    """The stages of a network, finest first."""

    backbone: Sequence[Stage]
    taps: frozenset[int]
    """Strides at which the neck takes the backbone's maps."""
    neck: Sequence[Stage]
    bottom_up: bool
    """Whether the neck goes back from fine to coarse."""
    head: Sequence[Stage]
    outputs: Sequence[str]
    parameters: int
    gflops: float


def outline(recipe: NetworkRecipe) -> Outline:
    """Sum up the layers of a recipe's network at the recipe's size."""
    network = shape_network(recipe)
    rows = [(recipe.input.height // row.shape[1], row) for row in layers(recipe, network)]
    strides = recipe.model.strides
    tapped = {2 ** int(name[1:]): width for name, width in network.backbone.tap_widths.items()}
    levels = dict(zip(strides, network.neck.widths, strict=True))
    return Outline(
        backbone=_stages(network, rows, "backbone", tapped),
        taps=frozenset(strides) & frozenset(tapped),
        neck=_stages(network, rows, "neck", levels),
        bottom_up=network.neck.bottom_up,
        head=_stages(network, rows, "head", {}),
        outputs=network.output_names,
        parameters=sum(row.parameters for _, row in rows),
        gflops=sum(row.gflops for _, row in rows),
    )


def _stages(
    network: Network,
    rows: Sequence[tuple[int, Layer]],
    part: str,
    widths: Mapping[int, int],
) -> list[Stage]:
    """Of a part, finest first.

    Args:
        network: what the rows are of.
        rows: stride and layer, as met.
        part: name of the part.
        widths: channels of what leaves it, by stride, where that is more than its last layer's.
    """
    groups: dict[int, list[Layer]] = {}
    for stride, row in rows:
        if row.name.startswith(f"{part}."):
            groups.setdefault(stride, []).append(row)
    return [
        Stage(
            stride,
            _leaving(network, group, widths.get(stride)),
            _blocks(network, group),
            sum(row.parameters for row in group),
            sum(row.gflops for row in group),
        )
        for stride, group in sorted(groups.items())
    ]


def _leaving(
    network: Network, group: Sequence[Layer], width: int | None
) -> list[tuple[int, int, int]]:
    if width is not None:
        return [(width, *group[-1].shape[1:])]
    bare = [row for row in group if isinstance(network.get_submodule(row.name), nn.Conv2d)]
    return [row.shape for row in bare or group[-1:]]


def _blocks(network: Network, group: Sequence[Layer]) -> list[str]:
    met: dict[str, set[str]] = {}
    for row in group:
        path, kind = _outermost(network, row.name)
        met.setdefault(_NAMES.get(kind, kind), set()).add(path)
    return [name if len(paths) == 1 else f"{name} x{len(paths)}" for name, paths in met.items()]


def _outermost(network: Network, name: str) -> tuple[str, str]:
    """Path and class of the largest block that a layer is in, below the network's parts."""
    words = name.split(".")
    for end in range(2, len(words) + 1):
        path = ".".join(words[:end])
        module = network.get_submodule(path)
        if not isinstance(module, (nn.Sequential, nn.ModuleList)):
            return path, type(module).__name__
    return name, type(network.get_submodule(name)).__name__
