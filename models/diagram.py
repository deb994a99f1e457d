"""A network as a drawing: stages, taps, levels of the neck, and heads."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from models.stages import Stage, outline
from models.svg import Box, arrow, document, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from models.recipe import NetworkRecipe
    from models.stages import Outline

_LEFT_PX, _TOP_PX = 24, 92
_BOX_PX, _HEIGHT_PX = 310, 66
_BETWEEN_PX, _ROW_PX = 70, 96
_BACKBONE, _NECK, _HEAD, _PLAIN = "#dbeafe", "#dcfce7", "#ffedd5", "#f5f7fa"
_UP_SHARE, _DOWN_SHARE = 0.25, 0.75
"""Where the neck's two ways run, as shares of a box's width."""


def diagram(recipe: NetworkRecipe) -> str:
    """Draw a recipe's network as SVG, at the recipe's input size."""
    facts = outline(recipe)
    strides = sorted({stage.stride for stage in (*facts.backbone, *facts.neck)})
    rows = {stride: number for number, stride in enumerate(strides, start=1)}
    model, size = recipe.model, recipe.input
    start = Box(
        *_corner(0, 0), _BOX_PX, _HEIGHT_PX, _PLAIN, ["input", f"3x{size.height}x{size.width}"]
    )
    backbone = _boxes(facts.backbone, rows, 0, _BACKBONE, "P")
    neck = _boxes(facts.neck, rows, 1, _NECK, "N")
    head = _boxes(facts.head, rows, 2, _HEAD, "N")
    titles = (
        f"backbone: {model.backbone.family}",
        f"neck: {model.neck.kind}",
        f"head: {model.head.kind} ({', '.join(facts.outputs)})",
    )
    height = _corner(0, len(rows))[1] + _HEIGHT_PX + _LEFT_PX
    width = _corner(2, 0)[0] + _BOX_PX + _LEFT_PX
    total = f"{facts.parameters:,} parameters, {facts.gflops:.3g} GFLOPs"
    elements = [
        text(_LEFT_PX, 34, recipe.name, bold=True, size_px=18),
        text(_LEFT_PX, 56, f"{total}, {len(model.classes)} classes"),
        *(text(_corner(c, 0)[0], _TOP_PX - 12, title) for c, title in enumerate(titles)),
        *(box.svg() for box in (start, *backbone.values(), *neck.values(), *head.values())),
        *_arrows(facts, start, backbone, neck, head),
    ]
    return document(width, height, elements)


def _corner(column: int, row: int) -> tuple[int, int]:
    return _LEFT_PX + column * (_BOX_PX + _BETWEEN_PX), _TOP_PX + row * _ROW_PX


def _boxes(
    stages: Sequence[Stage], rows: Mapping[int, int], column: int, fill: str, letter: str
) -> dict[int, Box]:
    """A box for each stage, by stride."""
    boxes = {}
    for stage in stages:
        shapes = " and ".join("x".join(map(str, shape)) for shape in stage.shapes)
        level = f"{letter}{stage.stride.bit_length() - 1}"
        lines = [
            f"{level}: stride {stage.stride}, {shapes}",
            ", ".join(stage.blocks),
            f"{stage.parameters:,} parameters, {stage.gflops:.3f} GFLOPs",
        ]
        x, y = _corner(column, rows[stage.stride])
        boxes[stage.stride] = Box(x, y, _BOX_PX, _HEIGHT_PX, fill, lines)
    return boxes


def _arrows(
    facts: Outline,
    start: Box,
    backbone: Mapping[int, Box],
    neck: Mapping[int, Box],
    head: Mapping[int, Box],
) -> Iterator[str]:
    chain = [start, *backbone.values()]
    for above, below in itertools.pairwise(chain):
        x = above.x_px + above.width_px // 2
        yield arrow(x, above.bottom_px, x, below.y_px)
    for stride in facts.taps:
        yield _across(backbone[stride], neck[stride], f"P{stride.bit_length() - 1}")
    levels = list(neck.values())
    for fine, coarse in itertools.pairwise(levels):
        x = fine.x_px + round(_UP_SHARE * fine.width_px)
        yield arrow(x, coarse.y_px, x, fine.bottom_px)
        if facts.bottom_up:
            x = fine.x_px + round(_DOWN_SHARE * fine.width_px)
            yield arrow(x, fine.bottom_px, x, coarse.y_px)
    for stride, box in head.items():
        yield _across(neck[stride], box, f"N{stride.bit_length() - 1}")


def _across(left: Box, right: Box, label: str) -> str:
    y = left.y_px + left.height_px // 2
    words = text((left.right_px + right.x_px) // 2 - 9, y - 6, label)
    return arrow(left.right_px, y, right.x_px, y) + words
