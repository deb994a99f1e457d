"""The cells that a model of a size may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeserve.tooling.importing.model_file import Size

ANCHORS = 3
"""Boxes a cell in the older families."""
_USUAL = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32), (16, 32))


@dataclass(frozen=True, slots=True)
class Grid:
    """An input's size, and what the file says of its cells.

    Attributes:
        size: width and height in pixels.
        known: strides that the file names; they are tried first.
        reg_max: bins a box side that the file names.
    """

    size: Size
    known: tuple[int, ...] = ()
    reg_max: int | None = None

    def strides_of(self, cells: int) -> tuple[int, ...]:
        """The strides whose levels have so many cells together; empty where none have."""
        for strides in (self.known, *_USUAL):
            if strides and sum(rows * columns for rows, columns in self.levels(strides)) == cells:
                return strides
        return ()

    def strides_of_levels(self, levels: list[tuple[int, int]]) -> tuple[int, ...]:
        """The strides whose levels have these rows and columns, in this order."""
        for strides in (self.known, *_USUAL):
            if strides and self.levels(strides) == levels:
                return strides
        return ()

    def levels(self, strides: tuple[int, ...]) -> list[tuple[int, int]]:
        """Rows and columns of each level."""
        width, height = self.size
        return [(height // stride, width // stride) for stride in strides]
