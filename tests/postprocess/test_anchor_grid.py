"""The heads with anchors, held against loops over every cell, anchor and class."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeserve.domain.errors import ConfigurationError
from edgeserve.domain.model import AnchorSpec, HeadSpec, ModelSpec
from edgeserve.postprocess.heads import create_head
from tests import fakes

if TYPE_CHECKING:
    from edgeserve.postprocess.candidates import Candidates

WIDTH_PX, HEIGHT_PX = 64, 32
STRIDES = (16, 8)
SIZES_PX = (((30.0, 20.0), (8.5, 40.0)), ((4.0, 5.0), (6.0, 3.0), (10.0, 10.0)))
SCALE_XY = (1.05, 2.0)
LABELS = ("person", "car", "dog")
CHANNELS = 5 + len(LABELS)
SHAPES = {"a": (1, 2 * CHANNELS, 2, 4), "b": (1, 3 * CHANNELS, 4, 8)}

Outputs = dict[str, NDArray[np.float32]]
ANCHORS = AnchorSpec(SIZES_PX, SCALE_XY)


def model_spec(layout: str = "anchor-grid", **fields: object) -> ModelSpec:
    spec = fakes.model_spec()
    head = HeadSpec(layout, STRIDES, {"maps_0": "a", "maps_1": "b"}, anchors=ANCHORS)
    return replace(
        spec,
        labels=LABELS,
        input=replace(spec.input, width_px=WIDTH_PX, height_px=HEIGHT_PX),
        head=replace(head, **fields),  # type: ignore[arg-type]
    )


def outputs(seed: int, spread: float = 2) -> Outputs:
    rng = np.random.default_rng(seed)
    return {
        name: (rng.normal(size=shape) * spread).astype(np.float32) for name, shape in SHAPES.items()
    }


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def plain(raw: Outputs, threshold: float, anchors: AnchorSpec) -> list[tuple[float, ...]]:
    """Rows of class, score, box."""
    found: list[tuple[float, ...]] = []
    for level, (name, stride) in enumerate(zip(SHAPES, STRIDES, strict=True)):
        for row in range(HEIGHT_PX // stride):
            for column in range(WIDTH_PX // stride):
                for number, (width, height) in enumerate(anchors.sizes_px[level]):
                    begin = number * CHANNELS
                    x, y, w, h, objectness, *logits = raw[name][
                        0, begin : begin + CHANNELS, row, column
                    ].tolist()
                    spread = anchors.scale_xy[level]
                    x = (column + sigmoid(x) * spread - (spread - 1) / 2) * stride
                    y = (row + sigmoid(y) * spread - (spread - 1) / 2) * stride
                    if anchors.box_sizes == "square":
                        w, h = 4 * sigmoid(w) ** 2 * width, 4 * sigmoid(h) ** 2 * height
                    else:
                        w, h = math.exp(w) * width, math.exp(h) * height
                    box = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
                    shares = [sigmoid(logit) for logit in logits]
                    if anchors.class_scores == "softmax":
                        total = sum(math.exp(logit) for logit in logits)
                        shares = [math.exp(logit) / total for logit in logits]
                    for label, share in enumerate(shares):
                        score = sigmoid(objectness) * share
                        if score > threshold:
                            found.append((label, score, *box))
    return found


def check_equal(candidates: Candidates, expected: list[tuple[float, ...]]) -> None:
    assert candidates.boxes_xyxy.shape == (len(expected), 4)
    assert candidates.boxes_xyxy.dtype == candidates.scores.dtype == np.float32
    assert candidates.class_ids.dtype == np.int64
    rows = zip(
        candidates.class_ids.tolist(),
        candidates.scores.tolist(),
        *candidates.boxes_xyxy.T.tolist(),
        strict=True,
    )
    if expected:
        np.testing.assert_allclose(sorted(rows), sorted(expected), rtol=1e-4, atol=1e-3)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.9]),
    st.sampled_from(["exp", "square"]),
)
def test_decodes_what_a_plain_loop_decodes(seed: int, threshold: float, box_sizes: str) -> None:
    raw, anchors = outputs(seed), replace(ANCHORS, box_sizes=box_sizes)
    head = create_head(model_spec(anchors=anchors))
    check_equal(head.candidates(raw, threshold), plain(raw, threshold, anchors))


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.9]),
    st.sampled_from(["sigmoid", "softmax"]),
)
def test_a_region_decodes_what_a_plain_loop_decodes(
    seed: int, threshold: float, class_scores: str
) -> None:
    raw = outputs(seed)
    anchors = replace(ANCHORS, class_scores=class_scores, scale_xy=(1.0, 1.0))
    head = create_head(model_spec("region", anchors=anchors))
    check_equal(head.candidates(raw, threshold), plain(raw, threshold, anchors))


@pytest.mark.parametrize("layout", ["anchor-grid", "region"])
def test_nothing_above_the_threshold_is_no_candidate(layout: str) -> None:
    raw = outputs(1)
    for maps in raw.values():
        maps[:] = -5
    candidates = create_head(model_spec(layout)).candidates(raw, 0.5)
    assert candidates.boxes_xyxy.shape == (0, 4)
    assert candidates.scores.shape == candidates.class_ids.shape == (0,)


def test_threshold_1_takes_nothing() -> None:
    raw = {name: maps + 100 for name, maps in outputs(2).items()}
    assert len(create_head(model_spec()).candidates(raw, 1).scores) == 0


@pytest.mark.parametrize("layout", ["anchor-grid", "region"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38, -3e38])
def test_outputs_that_are_no_numbers_raise_and_warn_nothing(layout: str, bad: float) -> None:
    """Whether a box is finite is for `finalize` to ask."""
    anchors = replace(ANCHORS, class_scores="softmax" if layout == "region" else "sigmoid")
    head = create_head(model_spec(layout, anchors=anchors))
    for channel in range(CHANNELS):
        raw = outputs(3)
        raw["a"][0, channel] = bad
        candidates = head.candidates(raw, 0.3)
        assert not np.isnan(candidates.scores).any()
    assert len(head.candidates(outputs(3), 0.3).scores) > 0


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ({"a": SHAPES["a"]}, f"output 'b' should have shape {list(SHAPES['b'])}"),
        ({**SHAPES, "b": (1, 27, 4, 8)}, "'b': [1, 27, 4, 8]"),
        ({**SHAPES, "a": (1, 16, 4, 2)}, f"output 'a' should have shape {list(SHAPES['a'])}"),
        ({**SHAPES, "a": (2, 16, 2, 4)}, "by labels, strides and anchors of the manifest"),
    ],
)
def test_shapes_that_differ_are_named_beside_those_expected(
    shapes: dict[str, tuple[int, ...]], said: str
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        create_head(model_spec()).check(shapes)
    assert said in str(refusal.value)
    assert "model fake" in str(refusal.value)


def test_right_shapes_pass_beside_outputs_that_nobody_asked_for() -> None:
    create_head(model_spec()).check({**SHAPES, "aux": (1, 7)})


@pytest.mark.parametrize(
    "fields",
    [
        {"anchors": None},
        {"strides": ()},
        {"strides": (16,)},
        {"outputs": {"maps_0": "a"}},
        {"anchors": AnchorSpec(SIZES_PX[:1], SCALE_XY)},
        {"anchors": AnchorSpec(SIZES_PX, SCALE_XY[:1])},
        {"anchors": AnchorSpec((SIZES_PX[0], ()), SCALE_XY)},
    ],
)
@pytest.mark.parametrize("layout", ["anchor-grid", "region"])
def test_a_head_that_lacks_something_says_what(layout: str, fields: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        create_head(model_spec(layout, **fields))
    assert f"head {layout} needs strides, and for each of them an output (maps_0, maps_1" in str(
        refusal.value
    )


def test_softmax_is_the_region_heads() -> None:
    with pytest.raises(ConfigurationError, match=r"class_scores sigmoid; got 'softmax'"):
        create_head(model_spec(anchors=replace(ANCHORS, class_scores="softmax")))
