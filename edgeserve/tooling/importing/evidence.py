"""What the numbers say where shapes leave something open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.geometry.grid import cell_centres

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgeserve.tooling.importing.grid import Grid
    from edgeserve.tooling.importing.reading import Reading

_FRACTION = 2.0
"""Boxes that reach beyond this are in pixels: a fraction may leave the picture a little."""
_ABSURD = 1e9
_ROUNDING = 1e-3
_FOLLOWS = 0.5
"""Correlation of decoded centres with their cells is near 1, that of offsets near 0."""
_MOST_QUERIES = 1000
_SIDES = 4
_SCORE = 4


def contradiction(
    reading: Reading,
    outputs: Mapping[str, NDArray[np.generic]],
    grid: Grid,
) -> str:
    """Why the numbers do not allow a reading; "" if they do."""
    if reading.layout == "grid-unit" or (reading.layout in {"v5", "v8"} and not reading.strides):
        undecoded = _undecoded(_rows(outputs[reading.outputs["detections"]]), grid)
        if undecoded is not None and undecoded != (reading.layout == "grid-unit"):
            do = "do not follow" if undecoded else "follow"
            return f"the first two channels {do} the places of the cells"
    if reading.layout in {"boxes-scores", "detr", "detr-softmax"}:
        return _scores_contradict(reading, outputs)
    return ""


def refined(
    reading: Reading,
    outputs: Mapping[str, NDArray[np.generic]],
) -> Reading:
    """The reading with the boxes' unit and format and the scores' form as the numbers show."""
    said = []
    if reading.layout in {"v5", "v8", "end-to-end", "boxes-scores"}:
        boxes, scores = _boxes_and_scores(reading, outputs)
        if reading.layout == "boxes-scores":
            corners = bool((boxes[:, 2:] >= boxes[:, :2] - _ROUNDING).all())
            reading = replace(reading, box_format="xyxy" if corners else "cxcywh")
            said.append(
                f"box format {reading.box_format}, because the last two numbers of a box are "
                f"{'never' if corners else 'sometimes'} smaller than the first two"
            )
        reach = float(np.abs(boxes).max(initial=0))
        if 0 < reach <= _FRACTION:
            reading = replace(reading, box_unit="fraction")
            said.append(f"boxes are a fraction of the input, because none is beyond {reach:.2f}")
        if len(scores) and (scores.min() < 0 or scores.max() > 1 + _ROUNDING):
            reading = replace(reading, activation="sigmoid")
            said.append(
                f"scores are logits, because they go from {scores.min():.1f} to {scores.max():.1f}"
            )
    return replace(reading, evidence=tuple(said))


def _boxes_and_scores(
    reading: Reading,
    outputs: Mapping[str, NDArray[np.generic]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if reading.layout == "boxes-scores":
        boxes = outputs[reading.outputs["boxes"]]
        flat = boxes.reshape(1, -1, _SIDES) if boxes.ndim > 3 else boxes  # noqa: PLR2004 - (1, N, 1, 4)
        plane = _rows(flat)
        corners = plane if plane.shape[1] == _SIDES else plane.T
        return corners, _rows(outputs[reading.outputs["scores"]])
    rows = _rows(outputs[reading.outputs["detections"]])
    if reading.layout == "end-to-end":
        used = rows[rows[:, _SCORE] > 0]
        return used[:, :_SIDES], used[:, _SCORE : _SCORE + 1]
    return rows[:, :_SIDES], rows[:, _SIDES:]


def _scores_contradict(reading: Reading, outputs: Mapping[str, NDArray[np.generic]]) -> str:
    role = "scores" if reading.layout == "boxes-scores" else "logits"
    scores = _rows(outputs[reading.outputs[role]])
    logits = bool(scores.min(initial=0) < 0 or scores.max(initial=0) > 1 + _ROUNDING)
    if reading.layout != "boxes-scores":
        boxes = _rows(outputs[reading.outputs["boxes"]])
        if np.abs(boxes).max(initial=0) > _FRACTION:
            return "boxes are not a fraction of the input"
        return "" if logits else "scores are 0..1 already"
    boxes, _ = _boxes_and_scores(reading, outputs)
    if logits and len(boxes) <= _MOST_QUERIES and np.abs(boxes).max(initial=0) <= _FRACTION:
        return "boxes are a fraction of the input and scores are logits, as a DETR's are"
    if logits and reading.background == "first":
        return "scores are no probabilities that share one"
    if not logits:
        shared = any(
            np.allclose(scores.sum(axis=axis), 1, atol=_ROUNDING)
            for axis in (0, 1)
            if scores.shape[axis] > 1
        )
        if shared != (reading.background == "first"):
            return f"a box's scores {'add' if shared else 'do not add'} up to 1"
    return ""


def _undecoded(rows: NDArray[np.float64], grid: Grid) -> bool | None:
    """Whether centres are offsets in their cells; None where the grid is another."""
    strides = grid.strides_of(len(rows))
    if not strides:
        return None
    centres, _ = cell_centres(*grid.size, strides)
    return min(_correlation(rows[:, axis], centres[:, axis]) for axis in (0, 1)) < _FOLLOWS


def _correlation(first: NDArray[np.float64], second: NDArray[np.float32]) -> float:
    """-1..1; 0 where one of them does not vary."""
    apart = (first - first.mean(), second - second.mean())
    product = float(np.sqrt((apart[0] ** 2).sum() * (apart[1] ** 2).sum()))
    return float((apart[0] * apart[1]).sum()) / product if product > 0 else 0.0


def _rows(output: NDArray[np.generic]) -> NDArray[np.float64]:
    """(1, N, K) or (1, K, N) as float64 (N, K), boxes being more than channels."""
    plane: NDArray[np.float64] = np.asarray(output, dtype=np.float64)[0]
    # What is no number, or absurd, is no evidence.
    plane = np.where(np.abs(plane) < _ABSURD, plane, 0)
    return plane if plane.shape[0] >= plane.shape[1] else plane.T
