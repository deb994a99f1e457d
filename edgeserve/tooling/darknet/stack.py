"""The layers read so far, which the next one may read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.tooling.darknet.layers import Detection, Shape

if TYPE_CHECKING:
    from edgeserve.tooling.darknet.layers import Layer
    from edgeserve.tooling.darknet.section import Section

MAX_SIDE = 8192
MAX_CHANNELS = 1 << 16
_MAX_ELEMENTS = 1 << 27
"""Of one map: half a gigabyte."""


class Stack:
    """Grows layer by layer."""

    def __init__(self, picture: Shape) -> None:
        """Begin with a picture."""
        self.picture = picture
        self.layers: list[Layer] = []

    def push(self, layer: Layer) -> None:
        """Add a layer.

        Raises:
            ConfigurationError: its map is empty or too large.
        """
        shape = layer.shape
        if min(shape.channels, shape.height, shape.width) < 1:
            what = f"its output would be {shape}: the map before it is too small"
            layer.section.refuse(what)
        if shape.channels > MAX_CHANNELS or shape.size > _MAX_ELEMENTS:
            what = (
                f"its output would be {shape}, more than {MAX_CHANNELS} channels or "
                f"{_MAX_ELEMENTS} numbers"
            )
            layer.section.refuse(what)
        self.layers.append(layer)

    def shape(self, index: int) -> Shape:
        """Of a layer's output; of the picture for `INPUT`."""
        return self.picture if index < 0 else self.layers[index].shape

    def previous(self, section: Section) -> int:
        """The layer before this one, or the picture.

        Raises:
            ConfigurationError: it is a head, which nothing reads.
        """
        index = len(self.layers) - 1
        self._refuse_heads(section, index, "")
        return index

    def named(self, section: Section, key: str) -> tuple[int, ...]:
        """Layers that a key lists, counted from the start or, if negative, backwards from here.

        Raises:
            ConfigurationError: one of them is not there, or is a head.
        """
        here = len(self.layers)
        indices = []
        for given in section.integers(key):
            index = given + here if given < 0 else given
            if not 0 <= index < here:
                there = f"layers 0 to {here - 1}" if here else "no layers"
                what = f"{key} names layer {given}, but there are only {there} before this one"
                section.refuse(what, key)
            self._refuse_heads(section, index, key)
            indices.append(index)
        return tuple(indices)

    def _refuse_heads(self, section: Section, index: int, key: str) -> None:
        if index >= 0 and isinstance(self.layers[index], Detection):
            name = self.layers[index].section.name
            section.refuse(f"it reads layer {index} [{name}], which is an end", key)
