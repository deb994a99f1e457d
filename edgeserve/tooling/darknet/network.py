"""A cfg file as a network of layers with shapes and counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.darknet.layers import Convolution, Detection, Shape
from edgeserve.tooling.darknet.read_convolution import read_convolution
from edgeserve.tooling.darknet.read_heads import read_region, read_yolo
from edgeserve.tooling.darknet.read_joins import (
    read_route,
    read_sam,
    read_scale_channels,
    read_shortcut,
)
from edgeserve.tooling.darknet.read_resampling import (
    read_avgpool,
    read_dropout,
    read_maxpool,
    read_reorg,
    read_upsample,
)
from edgeserve.tooling.darknet.stack import MAX_SIDE, Stack
from edgeserve.tooling.darknet.text import read_sections
from edgeserve.tooling.darknet.training_keys import NET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from edgeserve.tooling.darknet.layers import Layer
    from edgeserve.tooling.darknet.section import Section

_MAX_FLOATS = 500_000_000
"""An ONNX file ends at 2 GiB."""
_COLOURS = 3
_READERS: Mapping[str, Callable[[Section, Stack], Layer]] = {
    "avg": read_avgpool,
    "avgpool": read_avgpool,
    "conv": read_convolution,
    "convolutional": read_convolution,
    "dropout": read_dropout,
    "max": read_maxpool,
    "maxpool": read_maxpool,
    "region": read_region,
    "reorg": read_reorg,
    "reorg3d": read_reorg,
    "route": read_route,
    "sam": read_sam,
    "scale_channels": read_scale_channels,
    "shortcut": read_shortcut,
    "upsample": read_upsample,
    "yolo": read_yolo,
}


@dataclass(frozen=True, slots=True)
class Network:
    """A whole cfg.

    Attributes:
        path: of the cfg file.
        picture: shape of the input.
        letterbox: whether pictures keep their aspect ratio.
        layers: by Darknet's indices.
    """

    path: Path
    picture: Shape
    letterbox: bool
    layers: tuple[Layer, ...]

    @property
    def heads(self) -> tuple[Detection, ...]:
        """[yolo] and [region] layers."""
        return tuple(layer for layer in self.layers if isinstance(layer, Detection))

    @property
    def learnable_parameters(self) -> int:
        """Kernels, biases, and scales of batch norms."""
        return sum(layer.learnable for layer in self.layers if isinstance(layer, Convolution))

    @property
    def stored_floats(self) -> int:
        """Floats in the weight file: running means and variances too."""
        return sum(layer.stored for layer in self.layers if isinstance(layer, Convolution))


def read_network(cfg: Path) -> Network:
    """Read a cfg file.

    Raises:
        ConfigurationError: it cannot be read, or asks for what is not supported; the text names
            file, line and layer.
    """
    net, *sections = read_sections(cfg)
    letterbox = net.integer("letter_box", 0, 0, 1) == 1
    stack = Stack(
        Shape(
            channels=net.integer("channels", _COLOURS, _COLOURS, _COLOURS),
            height=net.integer("height", 0, 1, MAX_SIDE),
            width=net.integer("width", 0, 1, MAX_SIDE),
        )
    )
    net.finish(NET)
    for section in sections:
        reader = _READERS.get(section.name)
        if reader is None:
            what = f"sections of this kind are not supported, only {', '.join(sorted(_READERS))}"
            section.refuse(what)
        stack.push(reader(section, stack))
    network = Network(cfg, stack.picture, letterbox, tuple(stack.layers))
    if network.stored_floats > _MAX_FLOATS:
        text = f"{cfg}: {network.stored_floats} weights, more than an ONNX file holds"
        raise ConfigurationError(text)
    return network
