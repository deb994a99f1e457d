"""Layers with several sources: route, shortcut, sam, scale_channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.tooling.darknet.activations import LINEAR, read_activation
from edgeserve.tooling.darknet.layers import Product, Route, Shape, Shortcut
from edgeserve.tooling.darknet.stack import MAX_CHANNELS

if TYPE_CHECKING:
    from edgeserve.tooling.darknet.section import Section
    from edgeserve.tooling.darknet.stack import Stack

_NOT_COMPUTED = ("receptive_field", "stream", "wait_stream")


def read_route(section: Section, stack: Stack) -> Route:
    """[route].

    Raises:
        ConfigurationError: a layer is not there, or the maps do not fit together.
    """
    sources = stack.named(section, "layers")
    groups = section.integer("groups", 1, 1, MAX_CHANNELS)
    group_id = section.integer("group_id", 0, 0, groups - 1)
    section.finish(_NOT_COMPUTED)
    first = stack.shape(sources[0])
    channels = tuple(stack.shape(source).channels for source in sources)
    for source in sources:
        shape = stack.shape(source)
        if (shape.height, shape.width) != (first.height, first.width):
            what = f"layer {sources[0]} is {first} and layer {source} {shape}: sizes differ"
            section.refuse(what, "layers")
        if shape.channels % groups:
            what = f"groups={groups} does not divide the {shape.channels} channels of {source}"
            section.refuse(what, "groups")
    shape = Shape(sum(channels) // groups, first.height, first.width)
    return Route(section, sources, shape, channels, groups, group_id)


def read_shortcut(section: Section, stack: Stack) -> Shortcut:
    """[shortcut]; its shape is that of the layer before it.

    Raises:
        ConfigurationError: a layer is not there or of another size.
    """
    previous = stack.previous(section)
    sources = stack.named(section, "from")
    weighted = section.word("weights_type", "none")
    if weighted != "none":
        what = f"weights_type={weighted:.80} is not supported, only none is"
        section.refuse(what, "weights_type")
    section.word("weights_normalization", "none")
    activation = read_activation(section, LINEAR)
    section.finish(_NOT_COMPUTED)
    shape = stack.shape(previous)
    for source in sources:
        other = stack.shape(source)
        if (other.height, other.width) != (shape.height, shape.width):
            what = f"the map before it is {shape} and layer {source} {other}: sizes differ"
            section.refuse(what, "from")
    every = (previous, *sources)
    channels = tuple(stack.shape(source).channels for source in every)
    return Shortcut(section, every, shape, channels, activation)


def read_sam(section: Section, stack: Stack) -> Product:
    """[sam]: both maps have one shape.

    Raises:
        ConfigurationError: they differ.
    """
    previous, source, activation = _pair(section, stack)
    shape, other = stack.shape(previous), stack.shape(source)
    section.finish(())
    if shape != other:
        what = f"the map before it is {shape} and layer {source} {other}: shapes differ"
        section.refuse(what, "from")
    return Product(section, (previous, source), shape, activation)


def read_scale_channels(section: Section, stack: Stack) -> Product:
    """[scale_channels]: the map before it has one value a channel, or one a pixel.

    Raises:
        ConfigurationError: it has not.
    """
    previous, source, activation = _pair(section, stack)
    by_pixel = section.integer("scale_wh", 0, 0, 1)
    section.finish(())
    factors, shape = stack.shape(previous), stack.shape(source)
    wanted = Shape(1, shape.height, shape.width) if by_pixel else Shape(shape.channels, 1, 1)
    if factors != wanted:
        what = f"layer {source} is {shape}, so the map before it should be {wanted}, not {factors}"
        section.refuse(what, "from")
    return Product(section, (previous, source), shape, activation)


def _pair(section: Section, stack: Stack) -> tuple[int, int, str]:
    previous = stack.previous(section)
    sources = stack.named(section, "from")
    if len(sources) != 1:
        section.refuse(f"from names {len(sources)} layers, expected one", "from")
    return previous, sources[0], read_activation(section, LINEAR)
