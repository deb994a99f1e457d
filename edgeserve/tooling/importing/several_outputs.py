"""Readings of two outputs, and of maps level by level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.tooling.importing.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from edgeserve.tooling.importing.grid import Grid

Shape = tuple[int, ...]
_RANK = 3
_SIDES = 4
_MOST_QUERIES = 1000
"""Queries of a DETR are some hundred; what has more boxes is a grid."""
_USUAL_REG_MAX = 16


def readings_of_several(shapes: Mapping[str, Shape], grid: Grid) -> Iterator[Reading]:
    """Every layout that the outputs' shapes on a picture (batch 1) allow together."""
    names = list(shapes)
    for boxes in names:
        for scores in names:
            if boxes != scores and len(shapes[scores]) == _RANK and shapes[scores][0] == 1:
                yield from _distributions(boxes, scores, shapes, grid)
                yield from _decoded(boxes, scores, shapes)
    yield from _levels(shapes, grid)


def _distributions(
    boxes: str,
    scores: str,
    shapes: Mapping[str, Shape],
    grid: Grid,
) -> Iterator[Reading]:
    bins = _SIDES * (grid.reg_max or _USUAL_REG_MAX)
    if len(shapes[boxes]) != _RANK or shapes[boxes][:2] != (1, bins):
        return
    strides = grid.strides_of(shapes[boxes][2])
    if strides and shapes[scores][2] == shapes[boxes][2]:
        yield Reading(
            "dfl",
            {"boxes": boxes, "scores": scores},
            shapes[scores][1],
            f"{bins} channels are 4 sides of {bins // _SIDES} bins, for each cell of strides "
            f"{list(strides)}",
            strides=strides,
            reg_max=bins // _SIDES,
        )


def _decoded(boxes: str, scores: str, shapes: Mapping[str, Shape]) -> Iterator[Reading]:
    shape = shapes[boxes]
    if len(shape) == _RANK + 1 and shape[2] == 1:
        shape = (shape[0], shape[1], shape[3])
    if len(shape) != _RANK or shape[0] != 1 or _SIDES not in shape[1:]:
        return
    count = shape[1] if shape[2] == _SIDES else shape[2]
    _, first, second = shapes[scores]
    if count not in {first, second}:
        return
    classes = second if first == count else first
    roles = {"boxes": boxes, "scores": scores}
    why = f"{count} boxes of 4, each with {classes} scores"
    yield Reading("boxes-scores", roles, classes, why)
    if classes > 1:
        yield Reading("boxes-scores", roles, classes - 1, why, background="first")
    if count <= _MOST_QUERIES and first == count and shape[2] == _SIDES:
        roles = {"boxes": boxes, "logits": scores}
        why = f"{count} queries with a box and {classes} logits"
        yield Reading("detr", roles, classes, why)
        if classes > 1:
            yield Reading("detr-softmax", roles, classes - 1, why)


def _levels(shapes: Mapping[str, Shape], grid: Grid) -> Iterator[Reading]:
    """Maps (1, channels, rows, columns), one or two a level."""
    maps = {n: s for n, s in shapes.items() if len(s) == _RANK + 1 and s[0] == 1}
    levels = sorted({(s[2], s[3]) for s in maps.values()}, reverse=True)
    strides = grid.strides_of_levels(levels)
    if len(maps) < len(shapes) or not strides:
        return
    bins = _SIDES * (grid.reg_max or _USUAL_REG_MAX)
    by_level = [[name for name, shape in maps.items() if shape[2:] == level] for level in levels]
    channels = [sorted(maps[name][1] for name in names) for names in by_level]
    if any(one != channels[0] for one in channels):
        return
    why = f"{bins} channels are 4 sides of {bins // _SIDES} bins, level by level"
    roles = _roles(by_level, maps, bins)
    classes = sum(channels[0]) - bins
    if roles and classes > 0:
        yield Reading("dfl", roles, classes, why, strides=strides, reg_max=bins // _SIDES)


def _roles(
    by_level: Sequence[Sequence[str]],
    maps: Mapping[str, Shape],
    bins: int,
) -> dict[str, str]:
    roles = {}
    for level, names in enumerate(by_level):
        boxes = [name for name in names if maps[name][1] == bins]
        others = [name for name in names if maps[name][1] != bins]
        if not boxes and len(others) == 1:
            roles[f"maps_{level}"] = others[0]
        elif len(boxes) == len(others) == 1:
            roles[f"boxes_{level}"], roles[f"scores_{level}"] = boxes[0], others[0]
        else:
            return {}
    return roles
