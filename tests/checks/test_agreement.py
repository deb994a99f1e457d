from __future__ import annotations

import numpy as np
import pytest

from edgeserve.checks.agreement import compare
from edgeserve.domain.detections import Detections


def _found(*rows: tuple[float, float, float, float, float, int]) -> Detections:
    table = np.array(rows, dtype=np.float32).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 4], table[:, 5].astype(np.int64))


CAR = (10, 10, 50, 50, 0.8, 1)


def test_the_same_boxes_agree() -> None:
    assert compare([_found(CAR)], [_found(CAR)], 0.3).matched == 1
    assert compare([_found()], [_found()], 0.3).matched == 1


@pytest.mark.parametrize(
    "other",
    [
        _found(),
        _found((10, 10, 50, 50, 0.8, 0)),
        _found((30, 10, 70, 50, 0.8, 1)),
        _found((10, 10, 50, 50, 0.1, 1)),
    ],
    ids=["nothing", "another class", "elsewhere", "far under the threshold"],
)
def test_a_box_without_a_partner_disagrees(other: Detections) -> None:
    assert compare([_found(CAR)], [other], 0.3).matched == 0
    assert compare([other], [_found(CAR)], 0.3).matched == 0


def test_a_partner_just_under_the_threshold_is_one() -> None:
    one, other = _found((10, 10, 50, 50, 0.32, 1)), _found((10, 10, 50, 50, 0.28, 1))
    assert compare([one], [other], 0.3).matched == 1


def test_a_partner_is_taken_once() -> None:
    twice = _found(CAR, (11, 10, 50, 50, 0.6, 1))
    assert compare([twice], [_found(CAR)], 0.3).matched == pytest.approx(2 / 3)


def test_scores_are_compared_both_ways_and_a_lonely_box_counts_whole() -> None:
    lower = _found((10, 10, 50, 50, 0.6, 1))
    assert compare([_found(CAR)], [lower], 0.3).score_mae == pytest.approx(0.2)
    assert compare([_found(CAR)], [_found()], 0.3).score_mae == pytest.approx(0.8)
    assert compare([_found(CAR)], [_found(CAR)], 0.3).boxes == 2
