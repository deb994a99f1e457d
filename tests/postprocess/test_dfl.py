"""The distribution head, held against loops over every cell, side and bin."""

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
from edgeserve.domain.model import HeadSpec, ModelSpec
from edgeserve.postprocess.heads import create_head
from tests import fakes

if TYPE_CHECKING:
    from edgeserve.postprocess.candidates import Candidates

WIDTH_PX, HEIGHT_PX = 64, 32
STRIDES = (8, 16)
CELLS = 8 * 4 + 4 * 2
REG_MAX = 5
LABELS = ("person", "car", "dog")
BOXES_SHAPE, SCORES_SHAPE = (1, 4 * REG_MAX, CELLS), (1, len(LABELS), CELLS)

Outputs = dict[str, NDArray[np.float32]]


def model_spec(**head: object) -> ModelSpec:
    spec = fakes.model_spec()
    fields: dict[str, object] = {
        "layout": "dfl",
        "strides": STRIDES,
        "outputs": {"boxes": "b", "scores": "s"},
        "reg_max": REG_MAX,
    }
    return replace(
        spec,
        labels=LABELS,
        input=replace(spec.input, width_px=WIDTH_PX, height_px=HEIGHT_PX),
        head=HeadSpec(**(fields | head)),  # type: ignore[arg-type]
    )


def outputs(seed: int, spread: float = 3) -> Outputs:
    rng = np.random.default_rng(seed)
    return {
        "b": (rng.normal(size=BOXES_SHAPE) * spread).astype(np.float32),
        "s": (rng.normal(size=SCORES_SHAPE) * spread).astype(np.float32),
    }


def plain(raw: Outputs, score_threshold: float) -> dict[tuple[int, int], tuple[float, list[float]]]:
    """(cell, class) to its score and its box."""
    found = {}
    cell = 0
    for stride in STRIDES:
        for row in range(HEIGHT_PX // stride):
            for column in range(WIDTH_PX // stride):
                x, y = (column + 0.5) * stride, (row + 0.5) * stride
                reach = []
                for side in range(4):
                    bins = raw["b"][0, side * REG_MAX : (side + 1) * REG_MAX, cell].tolist()
                    weights = [math.exp(value) for value in bins]
                    mean = sum(i * weight for i, weight in enumerate(weights)) / sum(weights)
                    reach.append(mean * stride)
                box = [x - reach[0], y - reach[1], x + reach[2], y + reach[3]]
                for label in range(len(LABELS)):
                    score = 1 / (1 + math.exp(-float(raw["s"][0, label, cell])))
                    if score > score_threshold:
                        found[cell, label] = (score, box)
                cell += 1
    return found


def check_equal(candidates: Candidates, raw: Outputs, score_threshold: float) -> None:
    expected = plain(raw, score_threshold)
    assert candidates.boxes_xyxy.shape == (len(expected), 4)
    assert candidates.boxes_xyxy.dtype == candidates.scores.dtype == np.float32
    # No cell is named in the answer: pairs are found by class and score.
    wanted = sorted((label, score, *box) for (_, label), (score, box) in expected.items())
    rows = zip(
        candidates.class_ids.tolist(),
        candidates.scores.tolist(),
        *candidates.boxes_xyxy.T.tolist(),
        strict=True,
    )
    got = sorted(rows)
    if wanted:
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-3)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.05, 0.3, 0.5, 0.9]))
def test_decodes_what_a_plain_loop_decodes(seed: int, score_threshold: float) -> None:
    raw = outputs(seed)
    check_equal(create_head(model_spec()).candidates(raw, score_threshold), raw, score_threshold)


def test_threshold_0_takes_every_cell_and_class() -> None:
    raw = outputs(1)
    candidates = create_head(model_spec()).candidates(raw, 0)
    assert len(candidates.scores) == CELLS * len(LABELS)
    check_equal(candidates, raw, 0)


def test_threshold_1_takes_nothing() -> None:
    raw = outputs(2)
    raw["s"][:] = 100
    check_equal(create_head(model_spec()).candidates(raw, 1), raw, 1)


def test_nothing_above_the_threshold_is_no_candidate() -> None:
    raw = outputs(3)
    raw["s"][:] = -5
    candidates = create_head(model_spec()).candidates(raw, 0.5)
    assert candidates.boxes_xyxy.shape == (0, 4)
    assert candidates.scores.shape == candidates.class_ids.shape == (0,)


def test_a_score_at_the_threshold_is_not_above_it() -> None:
    raw = outputs(4)
    raw["s"][:] = 0
    assert len(create_head(model_spec()).candidates(raw, 0.5).scores) == 0


@pytest.mark.parametrize("logit", [-3e38, -1000.0, -89.0, 89.0, 1000.0, 3e38])
def test_extreme_class_logits_are_scores_of_0_and_1(logit: float) -> None:
    raw = outputs(5)
    raw["s"][:] = logit
    scores = create_head(model_spec()).candidates(raw, 0).scores
    np.testing.assert_allclose(scores, 0 if logit < 0 else 1, atol=1e-30)


def test_extreme_distances_stay_within_the_bins() -> None:
    raw = outputs(6)
    raw["b"][:] = np.where(np.arange(4 * REG_MAX)[None, :, None] % REG_MAX == 3, 3e38, -3e38)
    boxes = create_head(model_spec()).candidates(raw, 0).boxes_xyxy
    # Every side is 3 strides away: boxes are 6 strides wide and high.
    sizes = boxes[:, 2:] - boxes[:, :2]
    assert set(np.unique(sizes).tolist()) == {48.0, 96.0}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_outputs_that_are_no_numbers_raise_and_warn_nothing(bad: float) -> None:
    """Whether a box is finite is for `finalize` to ask."""
    raw = outputs(7)
    raw["b"][0, :, 3] = bad
    raw["s"][0, 1, :20] = bad
    candidates = create_head(model_spec()).candidates(raw, 0.3)
    assert not np.isnan(candidates.scores).any()


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ({"b": BOXES_SHAPE}, f"output 's' should have shape {list(SCORES_SHAPE)}"),
        ({"b": BOXES_SHAPE, "s": (1, 4, CELLS)}, f"'s': [1, 4, {CELLS}]"),
        ({"b": (1, 4, CELLS), "s": SCORES_SHAPE}, f"output 'b' should have shape {[1, 20, CELLS]}"),
        ({"b": (1, CELLS, 20), "s": SCORES_SHAPE}, f"'b': [1, {CELLS}, 20]"),
        ({}, "output 'b' should have shape"),
    ],
)
def test_shapes_that_differ_are_named_beside_those_expected(
    shapes: dict[str, tuple[int, ...]],
    said: str,
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        create_head(model_spec()).check(shapes)
    assert said in str(refusal.value)
    assert "model fake" in str(refusal.value)


def test_right_shapes_pass_beside_outputs_that_nobody_asked_for() -> None:
    create_head(model_spec()).check({"b": BOXES_SHAPE, "s": SCORES_SHAPE, "aux": (1, 7)})


def test_sizes_that_the_file_leaves_open_pass() -> None:
    create_head(model_spec()).check({"b": (-1, 20, CELLS), "s": (1, -1, -1)})


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ({"outputs": {"boxes": "b"}}, "outputs.scores"),
        ({"strides": ()}, "strides []"),
        ({"reg_max": 1}, "reg_max 1"),
        ({"layout": "yolov3"}, "head layout 'yolov3' is unknown; expected one of anchor-grid, "),
    ],
)
def test_a_head_that_lacks_something_says_what(head: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        create_head(model_spec(**head))
    assert said in str(refusal.value)


def levels(raw: Outputs, *, joined: bool) -> tuple[dict[str, str], Outputs]:
    """The same numbers as maps of each level: roles and outputs."""
    roles: dict[str, str] = {}
    maps: Outputs = {}
    start = 0
    for level, stride in enumerate(STRIDES):
        grid = (HEIGHT_PX // stride, WIDTH_PX // stride)
        cells = slice(start, start + grid[0] * grid[1])
        boxes = raw["b"][:, :, cells].reshape(1, -1, *grid)
        scores = raw["s"][:, :, cells].reshape(1, -1, *grid)
        start = cells.stop
        if joined:
            roles[f"maps_{level}"] = f"m{level}"
            maps[f"m{level}"] = np.concatenate([boxes, scores], axis=1)
        else:
            roles |= {f"boxes_{level}": f"b{level}", f"scores_{level}": f"s{level}"}
            maps |= {f"b{level}": boxes, f"s{level}": scores}
    return roles, maps


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("score_threshold", [0.05, 0.3, 0.9])
def test_levels_by_themselves_give_what_all_of_them_give(
    *,
    joined: bool,
    score_threshold: float,
) -> None:
    raw = outputs(8)
    roles, maps = levels(raw, joined=joined)
    head = create_head(model_spec(outputs=roles))
    head.check({name: array.shape for name, array in maps.items()})
    check_equal(head.candidates(maps, score_threshold), raw, score_threshold)


def test_a_level_of_another_size_is_refused() -> None:
    roles, maps = levels(outputs(9), joined=True)
    shapes = {name: array.shape for name, array in maps.items()} | {"m1": (1, 23, 3, 4)}
    with pytest.raises(ConfigurationError, match=r"output 'm1' should have shape \[1, 23, 2, 4\]"):
        create_head(model_spec(outputs=roles)).check(shapes)
    with pytest.raises(ConfigurationError, match="maps_0"):
        create_head(model_spec(outputs={"maps_0": "m0"}))
