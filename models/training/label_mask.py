"""Which classes count at which anchor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


def label_mask(
    size: int,
    strides: Sequence[int],
    tiles: Sequence[tuple[int, int, int, int, str]],
    labelled: Mapping[str, NDArray[np.bool_]],
    doubtful: Sequence[tuple[float, float, float, float, int]] = (),
) -> NDArray[np.bool_]:
    """Draw the tiles' labelled classes at the anchor centres.

    Padding holds no object of any class, so all classes count as labelled there.

    Args:
        size: side of the picture in pixels.
        strides: of the levels.
        tiles: x0, y0, x1, y1 in pixels and the origin of what lies there; no origin: all counts.
        labelled: (classes,) bool by origin.
        doubtful: x0, y0, x1, y1 in pixels and the class that may or may not be there.

    Returns:
        (N, classes) bool, anchors level after level, row-major within each.
    """
    count = len(next(iter(labelled.values())))
    levels = []
    for stride in strides:
        cells = size // stride
        grid = np.ones((cells, cells, count), dtype=np.bool_)
        for x0, y0, x1, y1, origin in tiles:
            if origin:
                columns = slice(_first(x0, stride), _first(x1, stride))
                grid[_first(y0, stride) : _first(y1, stride), columns] = labelled[origin]
        for x0_, y0_, x1_, y1_, index in doubtful:
            columns = slice(_first(x0_, stride), _first(x1_, stride))
            grid[_first(y0_, stride) : _first(y1_, stride), columns, index] = False
        levels.append(grid.reshape(-1, count))
    return np.concatenate(levels)


def _first(edge: float, stride: int) -> int:
    """First cell whose centre is not before the edge."""
    return max(0, int(np.ceil(edge / stride - 0.5)))
