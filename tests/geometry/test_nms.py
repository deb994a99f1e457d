"""Suppression and overlap, held against plain loops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeserve.geometry.boxes import iou_matrix
from edgeserve.geometry.nms import nms

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Scene:
    """Boxes to suppress among. Coordinates are whole: float32 holds every product exactly."""

    boxes_xyxy: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int64]


def scene(seed: int, count: int, *, classes: int = 3, side_px: int = 60, grades: int = 7) -> Scene:
    """Crowded boxes, on both sides of zero, with as many different scores as `grades`."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(-side_px, side_px, (count, 2))
    # Some have no width or no height.
    sizes = rng.integers(0, side_px, (count, 2))
    return Scene(
        boxes_xyxy=np.concatenate([corners, corners + sizes], axis=1).astype(np.float32),
        scores=(rng.integers(1, grades + 1, count) / grades).astype(np.float32),
        class_ids=rng.integers(0, classes, count),
    )


def plain_iou(first: NDArray[np.float32], second: NDArray[np.float32]) -> np.float32:
    def area(width_px: np.float32, height_px: np.float32) -> np.float32:
        return max(width_px, np.float32(0)) * max(height_px, np.float32(0))

    width_px = min(first[2], second[2]) - max(first[0], second[0])
    height_px = min(first[3], second[3]) - max(first[1], second[1])
    intersection = area(width_px, height_px)
    union = area(first[2] - first[0], first[3] - first[1])
    union = union + area(second[2] - second[0], second[3] - second[1]) - intersection
    return np.float32(intersection / union if union > 0 else 0)


def plain_nms(boxes: Scene, iou_threshold: float, max_boxes: int) -> list[int]:
    kept: list[int] = []
    for index in sorted(range(len(boxes.scores)), key=lambda i: -boxes.scores[i]):
        if len(kept) == max_boxes:
            break
        rivals = [k for k in kept if boxes.class_ids[k] == boxes.class_ids[index]]
        overlaps = (plain_iou(boxes.boxes_xyxy[index], boxes.boxes_xyxy[k]) for k in rivals)
        if not any(overlap > np.float32(iou_threshold) for overlap in overlaps):
            kept.append(index)
    return kept


def fast_nms(boxes: Scene, iou_threshold: float, max_boxes: int) -> list[int]:
    kept = nms(boxes.boxes_xyxy, boxes.scores, boxes.class_ids, iou_threshold, max_boxes)
    indices: list[int] = kept.tolist()
    return indices


SEEDS = st.integers(0, 2**32 - 1)
THRESHOLDS = st.sampled_from([0.0, 0.1, 0.45, 0.5, 0.7, 1.0])


@settings(deadline=None, max_examples=150)
@given(SEEDS, st.integers(0, 40), st.integers(1, 5), THRESHOLDS, st.integers(1, 50))
def test_keeps_what_a_plain_loop_keeps(
    seed: int,
    count: int,
    classes: int,
    iou_threshold: float,
    max_boxes: int,
) -> None:
    boxes = scene(seed, count, classes=classes)
    kept = fast_nms(boxes, iou_threshold, max_boxes)
    assert kept == plain_nms(boxes, iou_threshold, max_boxes)


@pytest.mark.parametrize("count", [255, 256, 257, 600])
@pytest.mark.parametrize("max_boxes", [5, 10_000])
def test_keeps_what_a_plain_loop_keeps_across_blocks(count: int, max_boxes: int) -> None:
    boxes = scene(count, count, classes=2, side_px=400, grades=1000)
    kept = fast_nms(boxes, 0.45, max_boxes)
    assert kept == plain_nms(boxes, 0.45, max_boxes)
    assert len(kept) == 5 if max_boxes == 5 else 5 < len(kept) < count


def test_no_box_of_a_later_block_is_lost_or_forgiven() -> None:
    """600 boxes apart from each other, then the same again, a little worse."""
    left = np.arange(600, dtype=np.float32) * 20
    once = np.stack([left, left * 0, left + 10, left * 0 + 10], axis=1)
    boxes = np.concatenate([once, once])
    scores = np.linspace(1, 0.1, 1200, dtype=np.float32)
    kept = nms(boxes, scores, np.zeros(1200, dtype=np.int64), 0.5, 10_000)
    np.testing.assert_array_equal(kept, np.arange(600))


def test_ties_keep_the_order_of_the_input() -> None:
    boxes = np.array([[0, 0, 10, 10], [50, 0, 60, 10], [1, 0, 11, 10]], dtype=np.float32)
    scores = np.full(3, 0.5, dtype=np.float32)
    assert nms(boxes, scores, np.zeros(3, dtype=np.int64), 0.5, 10).tolist() == [0, 1]


def test_classes_never_suppress_each_other_left_of_zero_either() -> None:
    boxes = np.tile(np.array([[-500, -400, -100, -50]], dtype=np.float32), (80, 1))
    scores = np.linspace(0.9, 0.1, 80, dtype=np.float32)
    kept = nms(boxes, scores, np.arange(80), 0.0, 100)
    assert kept.tolist() == list(range(80))


def test_nothing_in_nothing_out() -> None:
    boxes = np.empty((0, 4), dtype=np.float32)
    kept = nms(boxes, np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int64), 0.5, 10)
    assert kept.shape == (0,)
    assert np.issubdtype(kept.dtype, np.integer)


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.integers(0, 12), st.integers(0, 12))
def test_overlap_of_every_pair(seed: int, rows: int, columns: int) -> None:
    first, second = scene(seed, rows).boxes_xyxy, scene(seed + 1, columns).boxes_xyxy
    overlaps = iou_matrix(first, second)
    assert overlaps.shape == (rows, columns)
    assert overlaps.dtype == np.float32
    for row in range(rows):
        for column in range(columns):
            assert overlaps[row, column] == plain_iou(first[row], second[column])


def test_boxes_without_area_overlap_nothing() -> None:
    degenerate = np.array(
        [
            [5, 5, 5, 5],  # a point
            [0, 5, 10, 5],  # a line
            [8, 8, 2, 2],  # inside out
            [0, 0, 10, 10],
        ],
        dtype=np.float32,
    )
    expected = np.zeros((4, 4))
    expected[3, 3] = 1
    np.testing.assert_array_equal(iou_matrix(degenerate, degenerate), expected)


@settings(deadline=None, max_examples=100)
@given(
    SEEDS,
    st.integers(1, 30),
    st.sampled_from([1e3, 1e6, 1e10, 1e19, 1e30, 3e38]),
    THRESHOLDS,
)
def test_boxes_of_absurd_size_neither_warn_nor_suppress_other_classes(
    seed: int,
    count: int,
    size_px: float,
    iou_threshold: float,
) -> None:
    rng = np.random.default_rng(seed)
    boxes = scene(seed, count, classes=5)
    wild = boxes.boxes_xyxy.copy()
    large = rng.random(count) < 0.5
    wild[large] *= np.float32(size_px / 120)
    together = fast_nms(Scene(wild, boxes.scores, boxes.class_ids), iou_threshold, 100)
    alone = []
    for label in range(5):
        own = np.flatnonzero(boxes.class_ids == label)
        part = Scene(wild[own], boxes.scores[own], boxes.class_ids[own])
        alone += own[fast_nms(part, iou_threshold, 100)].tolist()
    assert sorted(together) == sorted(alone)


def test_a_small_box_beside_a_box_of_absurd_size_is_still_compared_exactly() -> None:
    small = [[10, 10, 20, 20], [11, 10, 21, 20], [40, 10, 50, 20], [-3e38, -3e38, 3e38, 3e38]]
    scores = np.array([0.9, 0.8, 0.7, 0.6], dtype=np.float32)
    classes = np.array([79, 79, 79, 0])
    kept = nms(np.array(small, dtype=np.float32), scores, classes, 0.5, 10)
    assert kept.tolist() == [0, 2, 3]


def test_threshold_1_keeps_everything() -> None:
    boxes = np.tile(np.array([[0, 0, 10, 10]], dtype=np.float32), (4, 1))
    scores = np.array([0.1, 0.4, 0.3, 0.2], dtype=np.float32)
    assert nms(boxes, scores, np.zeros(4, dtype=np.int64), 1.0, 3).tolist() == [1, 2, 3]
