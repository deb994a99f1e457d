"""Readings of one output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.tooling.importing.grid import ANCHORS
from edgeserve.tooling.importing.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeserve.tooling.importing.grid import Grid

_ROLE = "detections"
_RANK = 3
_SIDES = 4
_END_TO_END = 6
_MOST_FINISHED = 1000
"""Finished detections are few; what has more rows is a grid."""
_SSD = 7


def readings_of_one(name: str, shape: tuple[int, ...], grid: Grid) -> Iterator[Reading]:
    """Every layout that an output's shape on a picture (batch 1) allows."""
    outputs = {_ROLE: name}
    if len(shape) == _RANK + 1 and shape[:2] == (1, 1) and shape[3] == _SSD:
        yield Reading("ssd", outputs, None, "its rows are 7 long", background="first")
    if len(shape) == _RANK and shape[0] == 1:
        yield from _rows(outputs, shape[1], shape[2], grid, transposed=False)
        yield from _rows(outputs, shape[2], shape[1], grid, transposed=True)


def _rows(
    outputs: dict[str, str],
    boxes: int,
    channels: int,
    grid: Grid,
    *,
    transposed: bool,
) -> Iterator[Reading]:
    with_objectness, without = channels - _SIDES - 1, channels - _SIDES
    anchored = grid.strides_of(boxes // ANCHORS) if boxes % ANCHORS == 0 else ()
    cells = grid.strides_of(boxes)
    if anchored and with_objectness > 0:
        why = f"{boxes} boxes are {ANCHORS} for each cell of strides {list(anchored)}"
        yield Reading("v5", outputs, with_objectness, why)
    elif cells and without > 0:
        why = f"{boxes} boxes are one for each cell of strides {list(cells)}"
        if with_objectness > 0:
            # Nobody is known to export these with the channels first.
            likely = not transposed
            yield Reading("grid-unit", outputs, with_objectness, why, likely, strides=cells)
            yield Reading("v5", outputs, with_objectness, why, likely)
        yield Reading("v8", outputs, without, why)
    elif not transposed and channels == _END_TO_END and boxes <= _MOST_FINISHED:
        yield Reading("end-to-end", outputs, None, f"{boxes} rows of 6 are no grid's cells")
    elif boxes > channels > _SIDES:
        # Strides of its own: only labels or the user's word make it credible.
        why = f"{boxes} boxes"
        if with_objectness > 0:
            yield Reading("v5", outputs, with_objectness, why, likely=False)
        yield Reading("v8", outputs, without, why, likely=False)
