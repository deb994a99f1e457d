"""From candidates to what a client sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeserve.geometry.letterbox import Letterbox
from edgeserve.postprocess.candidates import Candidates
from edgeserve.postprocess.finalize import Selection, finalize

if TYPE_CHECKING:
    from edgeserve.domain.detections import Detections

# 200x100 source pixels in 100x100: halved, with 25 model pixels above and below.
PLACEMENT = Letterbox.plan(200, 100, 100, 100)
ALL = Selection(score_threshold=0.1, iou_threshold=0.5, max_detections=100)

Row = tuple[float, int, Sequence[float]]


def candidates(*rows: Row) -> Candidates:
    """Each a score, a class and a box in model pixels."""
    return Candidates(
        boxes_xyxy=np.array([box for _, _, box in rows], dtype=np.float32).reshape(-1, 4),
        scores=np.array([score for score, _, _ in rows], dtype=np.float32),
        class_ids=np.array([label for _, label, _ in rows], dtype=np.int64),
    )


def scores_of(detections: Detections) -> list[float]:
    return [round(score, 3) for score in detections.scores.tolist()]


def test_boxes_come_out_in_source_pixels_best_first_and_clipped() -> None:
    detections = finalize(
        candidates(
            (0.5, 1, [10, 35, 20, 45]),
            (0.9, 0, [-10, 20, 30, 80]),
            (0.7, 2, [90, 60, 120, 75]),
        ),
        ALL,
        PLACEMENT,
    )
    assert scores_of(detections) == [0.9, 0.7, 0.5]
    assert detections.class_ids.tolist() == [0, 2, 1]
    np.testing.assert_allclose(
        detections.boxes_xyxy,
        [[0, 0, 60, 100], [180, 70, 200, 100], [20, 20, 40, 40]],
        atol=1e-4,
    )
    assert detections.boxes_xyxy.dtype == detections.scores.dtype == np.float32
    assert detections.class_ids.dtype == np.int64


def test_overlaps_are_suppressed_within_a_class_only() -> None:
    box, close = [10, 35, 30, 55], [11, 35, 31, 55]
    rows: list[Row] = [(0.8, 0, box), (0.9, 0, close), (0.7, 1, box)]
    assert scores_of(finalize(candidates(*rows), ALL, PLACEMENT)) == [0.9, 0.7]


def test_scores_at_or_under_the_threshold_are_left_out() -> None:
    rows: list[Row] = [
        (score, 0, [i * 9, 30, i * 9 + 5, 40]) for i, score in enumerate([0.5, 0.51])
    ]
    selection = Selection(score_threshold=0.5, iou_threshold=0.5, max_detections=100)
    assert scores_of(finalize(candidates(*rows), selection, PLACEMENT)) == [0.51]


def test_only_wanted_classes_are_reported_and_others_take_no_place() -> None:
    rows: list[Row] = [(0.9 - i / 100, i % 3, [i * 9, 30, i * 9 + 5, 40]) for i in range(9)]
    selection = Selection(0.1, 0.5, 2, wanted=np.array([False, True, False]))
    detections = finalize(candidates(*rows), selection, PLACEMENT)
    assert detections.class_ids.tolist() == [1, 1]
    assert scores_of(detections) == [0.89, 0.86]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("position", range(4))
def test_boxes_that_are_not_finite_are_left_out(bad: float, position: int) -> None:
    broken: list[float] = [10, 35, 20, 45]
    broken[position] = bad
    rows: list[Row] = [(0.9, 0, broken), (0.8, 0, [10, 35, 20, 45])]
    assert scores_of(finalize(candidates(*rows), ALL, PLACEMENT)) == [0.8]


def test_scores_that_are_not_numbers_are_left_out() -> None:
    rows: list[Row] = [(np.nan, 0, [10, 35, 20, 45]), (0.8, 0, [50, 35, 60, 45])]
    assert scores_of(finalize(candidates(*rows), ALL, PLACEMENT)) == [0.8]


@pytest.mark.parametrize(
    "outside",
    [
        [10, 0, 30, 25],  # in the padding above
        [10, 75, 30, 100],  # in the padding below
        [-20, 40, 0, 50],
        [100, 40, 120, 50],
        [30, 40, 30, 50],  # without width
        [40, 50, 30, 40],  # inside out
    ],
)
def test_a_box_that_shows_nothing_of_the_picture_is_left_out(outside: list[float]) -> None:
    rows: list[Row] = [(0.9, 0, outside), (0.8, 0, [50, 35, 60, 45])]
    assert scores_of(finalize(candidates(*rows), ALL, PLACEMENT)) == [0.8]


def test_a_box_outside_the_picture_takes_no_place_among_the_best() -> None:
    rows: list[Row] = [(0.9, 0, [10, 0, 30, 20]), (0.8, 0, [50, 35, 60, 45])]
    selection = Selection(score_threshold=0.1, iou_threshold=0.5, max_detections=1)
    assert scores_of(finalize(candidates(*rows), selection, PLACEMENT)) == [0.8]


def test_nothing_in_nothing_out() -> None:
    detections = finalize(candidates(), ALL, PLACEMENT)
    assert len(detections) == 0
    assert detections.boxes_xyxy.shape == (0, 4)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.integers(1, 20))
def test_the_best_so_many_in_order_inside_the_picture(seed: int, count: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-30, 130, (count, 2, 2))
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    given_candidates = Candidates(
        boxes_xyxy=boxes.astype(np.float32),
        scores=rng.random(count, dtype=np.float32),
        class_ids=rng.integers(0, 3, count),
    )
    everything = finalize(given_candidates, Selection(0.2, 0.5, 1000), PLACEMENT)
    best = finalize(given_candidates, Selection(0.2, 0.5, most), PLACEMENT)
    assert best.scores.tolist() == everything.scores.tolist()[:most]
    assert (np.diff(best.scores) <= 0).all()
    assert (best.scores > 0.2).all()
    assert (best.boxes_xyxy >= 0).all()
    assert (best.boxes_xyxy <= [200, 100, 200, 100]).all()
    assert (best.boxes_xyxy[:, 2:] > best.boxes_xyxy[:, :2]).all()
