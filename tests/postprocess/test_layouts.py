"""Heads for other people's outputs, each held against a loop over every row and class."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeserve.domain.errors import ConfigurationError, EngineError
from edgeserve.domain.model import HeadSpec, ModelSpec
from edgeserve.geometry.letterbox import Letterbox
from edgeserve.postprocess.finalize import Selection, finalize
from edgeserve.postprocess.heads import create_head
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgeserve.postprocess.candidates import Candidates

WIDTH_PX, HEIGHT_PX = 64, 32
STRIDES = (8, 16)
CELLS = 8 * 4 + 4 * 2
LABELS = ("person", "car", "dog")
C = len(LABELS)
SINGLE = {"detections": "d"}
BOXES = {"boxes": "b", "scores": "s"}
QUERIES = {"boxes": "b", "logits": "s"}

Array = NDArray[np.float32]
Outputs = dict[str, Array]
Found = tuple[int, float, float, float, float, float]
"""Class, score, x1, y1, x2, y2."""


def model_spec(**head: object) -> ModelSpec:
    spec = fakes.model_spec()
    fields: dict[str, object] = {"strides": (), "outputs": SINGLE}
    return replace(
        spec,
        labels=LABELS,
        input=replace(spec.input, width_px=WIDTH_PX, height_px=HEIGHT_PX),
        head=HeadSpec(**(fields | head)),  # type: ignore[arg-type]
    )


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def corners(box: Sequence[float], box_format: str = "cxcywh") -> tuple[float, ...]:
    a, b, c, d = box
    if box_format == "xyxy":
        return a, b, c, d
    if box_format == "yxyx":
        return b, a, d, c
    return a - c / 2, b - d / 2, a + c / 2, b + d / 2


def scaled(box: Sequence[float]) -> tuple[float, ...]:
    return box[0] * WIDTH_PX, box[1] * HEIGHT_PX, box[2] * WIDTH_PX, box[3] * HEIGHT_PX


def plain_v8(raw: Outputs) -> list[Found]:
    rows = raw["d"][0].T.tolist()
    return [(c, row[4 + c], *corners(row[:4])) for row in rows for c in range(C)]


def plain_v5(raw: Outputs) -> list[Found]:
    rows = raw["d"][0].tolist()
    return [(c, row[4] * row[5 + c], *corners(row[:4])) for row in rows for c in range(C)]


def plain_v5_logits(raw: Outputs) -> list[Found]:
    rows = raw["d"][0].tolist()
    return [
        (c, sigmoid(row[4]) * sigmoid(row[5 + c]), *corners(row[:4]))  # type: ignore[misc]
        for row in rows
        for c in range(C)
    ]


def plain_grid(raw: Outputs) -> list[Found]:
    found: list[Found] = []
    rows = iter(raw["d"][0].tolist())
    for stride in STRIDES:
        for y in range(HEIGHT_PX // stride):
            for x in range(WIDTH_PX // stride):
                row = next(rows)
                centre = ((x + row[0]) * stride, (y + row[1]) * stride)
                size = (math.exp(row[2]) * stride, math.exp(row[3]) * stride)
                box = corners((*centre, *size))
                found += [(c, row[4] * row[5 + c], *box) for c in range(C)]
    return found


def plain_end_to_end(raw: Outputs) -> list[Found]:
    rows = raw["d"][0].tolist()
    return [(int(row[5]), row[4], *row[:4]) for row in rows if 0 <= row[5] < C]


def plain_ssd(raw: Outputs) -> list[Found]:
    found: list[Found] = []
    for image, label, score, *box in raw["d"][0, 0].tolist():
        if image < 0:
            break
        if 1 <= label <= C:
            found.append((int(label) - 1, score, *scaled(box)))
    return found


def plain_two(raw: Outputs) -> list[Found]:
    rows = zip(raw["b"][0].tolist(), raw["s"][0].tolist(), strict=True)
    return [(c, scores[c], *box) for box, scores in rows for c in range(C)]


def plain_two_background(raw: Outputs) -> list[Found]:
    rows = zip(raw["b"][0, :, 0].tolist(), raw["s"][0].tolist(), strict=True)
    return [
        (c, scores[c + 1], *scaled(corners(box, "yxyx"))) for box, scores in rows for c in range(C)
    ]


def plain_two_logits(raw: Outputs) -> list[Found]:
    rows = zip(raw["b"][0].T.tolist(), raw["s"][0].T.tolist(), strict=True)
    return [(c, sigmoid(logits[c]), *box) for box, logits in rows for c in range(C)]


def plain_detr(raw: Outputs) -> list[Found]:
    rows = zip(raw["b"][0].tolist(), raw["s"][0].tolist(), strict=True)
    return [
        (c, sigmoid(logits[c]), *scaled(corners(box)))  # type: ignore[misc]
        for box, logits in rows
        for c in range(C)
    ]


def plain_softmax(raw: Outputs) -> list[Found]:
    found: list[Found] = []
    for box, logits in zip(raw["b"][0].tolist(), raw["s"][0].tolist(), strict=True):
        total = sum(math.exp(logit) for logit in logits)
        found += [
            (c, math.exp(logits[c]) / total, *scaled(corners(box)))  # type: ignore[misc]
            for c in range(C)
        ]
    return found


@dataclass(frozen=True)
class Layout:
    """A head with made-up outputs for it, and its plain reading."""

    head: dict[str, object]
    make: Callable[[np.random.Generator], Outputs]
    plain: Callable[[Outputs], list[Found]]


def rows(random: np.random.Generator, count: int, scores: int, *, logits: bool = False) -> Array:
    """(1, count, 4 + scores): boxes in pixels, then scores."""
    boxes = random.uniform(1, 60, (count, 4))
    values = random.normal(0, 3, (count, scores)) if logits else random.random((count, scores))
    return np.concatenate([boxes, values], axis=1).astype(np.float32)[None]


def grid_rows(random: np.random.Generator) -> Outputs:
    raw = rows(random, CELLS, 1 + C)
    raw[..., :4] = random.normal(0, 1, (1, CELLS, 4))
    return {"d": raw}


def finished(random: np.random.Generator) -> Outputs:
    raw = rows(random, 30, 2)
    raw[..., 5] = random.integers(-1, C + 2, (1, 30))
    return {"d": raw}


def ssd_rows(random: np.random.Generator) -> Outputs:
    raw = random.random((1, 1, 30, 7)).astype(np.float32)
    raw[..., 0] = 0
    raw[..., 1] = random.integers(0, C + 3, (1, 1, 30))
    raw[0, 0, 25:, 0] = -1
    return {"d": raw}


def two(boxes: NDArray[Any], scores: NDArray[Any]) -> Outputs:
    return {"b": boxes.astype(np.float32), "s": scores.astype(np.float32)}


LAYOUTS = {
    "v8": Layout(
        {"layout": "v8"},
        lambda random: {"d": rows(random, 50, C).transpose(0, 2, 1).copy()},
        plain_v8,
    ),
    "v8 turned": Layout(
        {"layout": "v8"},
        lambda random: {"d": rows(random, 50, C)},
        lambda raw: plain_v8({"d": raw["d"].transpose(0, 2, 1)}),
    ),
    "v5": Layout({"layout": "v5"}, lambda random: {"d": rows(random, 50, 1 + C)}, plain_v5),
    "v5 turned": Layout(
        {"layout": "v5"},
        lambda random: {"d": rows(random, 50, 1 + C).transpose(0, 2, 1).copy()},
        lambda raw: plain_v5({"d": raw["d"].transpose(0, 2, 1)}),
    ),
    "v5 logits": Layout(
        {"layout": "v5", "activation": "sigmoid"},
        lambda random: {"d": rows(random, 50, 1 + C, logits=True)},
        plain_v5_logits,
    ),
    "grid-unit": Layout({"layout": "grid-unit", "strides": STRIDES}, grid_rows, plain_grid),
    "end-to-end": Layout({"layout": "end-to-end"}, finished, plain_end_to_end),
    "ssd": Layout({"layout": "ssd", "background": "first"}, ssd_rows, plain_ssd),
    "boxes-scores": Layout(
        {"layout": "boxes-scores", "outputs": BOXES},
        lambda random: two(random.uniform(0, 60, (1, 50, 4)), random.random((1, 50, C))),
        plain_two,
    ),
    "boxes-scores of an SSD": Layout(
        {
            "layout": "boxes-scores",
            "outputs": BOXES,
            "background": "first",
            "box_format": "yxyx",
            "box_unit": "fraction",
        },
        lambda random: two(random.random((1, 50, 1, 4)), random.random((1, 50, C + 1))),
        plain_two_background,
    ),
    "boxes-scores logits": Layout(
        {"layout": "boxes-scores", "outputs": BOXES, "activation": "sigmoid"},
        lambda random: two(random.uniform(0, 60, (1, 4, 50)), random.normal(0, 3, (1, C, 50))),
        plain_two_logits,
    ),
    "detr": Layout(
        {"layout": "detr", "outputs": QUERIES},
        lambda random: two(random.random((1, 20, 4)), random.normal(0, 3, (1, 20, C))),
        plain_detr,
    ),
    "detr-softmax": Layout(
        {"layout": "detr-softmax", "outputs": QUERIES},
        lambda random: two(random.random((1, 20, 4)), random.normal(0, 3, (1, 20, C + 1))),
        plain_softmax,
    ),
}
every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


def found_by(candidates: Candidates) -> list[Found]:
    return list(
        zip(
            candidates.class_ids.tolist(),
            candidates.scores.tolist(),
            *candidates.boxes_xyxy.T.tolist(),
            strict=True,
        )
    )


@every_layout
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), threshold=st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.9, 1.0]))
def test_decodes_what_a_plain_loop_decodes(layout: Layout, seed: int, threshold: float) -> None:
    raw = layout.make(np.random.default_rng(seed))
    head = create_head(model_spec(**layout.head))
    head.check({name: output.shape for name, output in raw.items()})
    candidates = head.candidates(raw, threshold)
    expected = sorted(one for one in layout.plain(raw) if one[1] > threshold)
    assert candidates.boxes_xyxy.shape == (len(expected), 4)
    assert candidates.boxes_xyxy.dtype == candidates.scores.dtype == np.float32
    assert candidates.class_ids.dtype.kind == "i"
    if expected:
        found = sorted(found_by(candidates))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


@every_layout
def test_float16_outputs_are_read_as_float32(layout: Layout) -> None:
    raw = layout.make(np.random.default_rng(0))
    half = {name: output.astype(np.float16) for name, output in raw.items()}
    candidates = create_head(model_spec(**layout.head)).candidates(half, 0.3)  # type: ignore[arg-type]
    assert candidates.boxes_xyxy.dtype == candidates.scores.dtype == np.float32
    exact = {name: output.astype(np.float32) for name, output in half.items()}
    same = create_head(model_spec(**layout.head)).candidates(exact, 0.3)
    np.testing.assert_array_equal(candidates.boxes_xyxy, same.boxes_xyxy)


@every_layout
@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    bad=st.sampled_from([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e20, -1e20]),
    share=st.sampled_from([0.05, 0.5, 1.0]),
    threshold=st.sampled_from([0.0, 0.3]),
)
def test_what_is_no_number_never_crashes_and_never_becomes_a_detection(
    layout: Layout,
    seed: int,
    bad: float,
    share: float,
    threshold: float,
) -> None:
    random = np.random.default_rng(seed)
    raw = layout.make(random)
    for output in raw.values():
        output[random.random(output.shape) < share] = bad
    candidates = create_head(model_spec(**layout.head)).candidates(raw, threshold)
    placement = Letterbox.plan(200, 100, WIDTH_PX, HEIGHT_PX)
    wanted = np.ones(C, dtype=bool)
    detections = finalize(candidates, Selection(threshold, 0.5, 100, wanted), placement)
    assert np.isfinite(detections.boxes_xyxy).all()
    assert np.isfinite(detections.scores).all()
    assert ((detections.class_ids >= 0) & (detections.class_ids < C)).all()


@every_layout
def test_a_manifest_that_does_not_fit_is_told_what_is_expected(layout: Layout) -> None:
    head = create_head(model_spec(**layout.head))
    with pytest.raises(ConfigurationError, match=r"model fake: output '[dbs]' should have shape"):
        head.check({"d": (1, 11, 13), "b": (1, 11, 13), "s": (1, 11, 13)})
    with pytest.raises(ConfigurationError, match="should have shape"):
        head.check({})


@every_layout
def test_open_sizes_pass(layout: Layout) -> None:
    raw = layout.make(np.random.default_rng(0))
    head = create_head(model_spec(**layout.head))
    head.check({name: (-1,) * output.ndim for name, output in raw.items()})


@every_layout
def test_a_head_without_its_outputs_says_which(layout: Layout) -> None:
    with pytest.raises(ConfigurationError, match=r"needs outputs\."):
        create_head(model_spec(**(layout.head | {"outputs": {}})))


def test_a_grid_without_strides_says_so() -> None:
    with pytest.raises(ConfigurationError, match="grid-unit needs strides"):
        create_head(model_spec(layout="grid-unit"))


@pytest.mark.parametrize("layout", ["v5", "v8"])
def test_an_output_of_open_size_with_other_channels_is_refused_when_it_comes(layout: str) -> None:
    head = create_head(model_spec(layout=layout))
    with pytest.raises(EngineError, match="channels"):
        head.candidates({"d": np.zeros((1, 50, 20), dtype=np.float32)}, 0.5)


def test_one_class_in_rows_of_6_is_not_end_to_end() -> None:
    """25200 rows of 6 are v5 with one class: the last two are objectness and class."""
    row = np.array([20, 10, 8, 4, 0.5, 0.8], dtype=np.float32)
    spec = replace(model_spec(layout="v5"), labels=("person",))
    candidates = create_head(spec).candidates({"d": np.tile(row, (1, 9, 1))}, 0.3)
    np.testing.assert_allclose(candidates.scores, 0.4)
    np.testing.assert_allclose(candidates.boxes_xyxy[0], [16, 8, 24, 12])
