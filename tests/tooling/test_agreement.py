from __future__ import annotations

import numpy as np
import pytest

from edgeserve.domain.detections import Detections
from edgeserve.tooling.agreement import agreement


def _found(*rows: tuple[float, float, float, float, float, int]) -> Detections:
    table = np.array(rows, dtype=np.float32).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 4], table[:, 5].astype(np.int64))


CAR = (10, 10, 50, 50, 0.8, 1)


def test_the_same_boxes_agree() -> None:
    assert agreement([_found(CAR)], [_found(CAR)], 0.3) == 1
    assert agreement([_found()], [_found()], 0.3) == 1


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
    assert agreement([_found(CAR)], [other], 0.3) == 0
    assert agreement([other], [_found(CAR)], 0.3) == 0


def test_a_partner_just_under_the_threshold_is_one() -> None:
    one, other = _found((10, 10, 50, 50, 0.32, 1)), _found((10, 10, 50, 50, 0.28, 1))
    assert agreement([one], [other], 0.3) == 1


def test_a_partner_is_taken_once() -> None:
    twice = _found(CAR, (11, 10, 50, 50, 0.6, 1))
    assert agreement([twice], [_found(CAR)], 0.3) == pytest.approx(2 / 3)
