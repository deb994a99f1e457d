from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeserve.domain.detections import Detections
from edgeserve.tooling.dataset import LabelledPicture, Origin
from edgeserve.tooling.precision import average_precision
from edgeserve.tooling.threshold import best_threshold

LABELS = ("person", "car")


def _origin(labelled: tuple[int, ...] = (0, 1)) -> Origin:
    generator = np.random.default_rng(0)
    pictures = []
    for number in range(4):
        corners = generator.uniform(0, 200, (6, 2)).astype(np.float32)
        boxes = np.concatenate([corners, corners + 40], axis=1)
        classes = np.array([0, 1, 0, 1, 0, 1])
        pictures.append(LabelledPicture(str(number), b"", boxes, classes))
    return Origin("street", labelled, tuple(pictures))


def _perfect(origin: Origin, shift_px: float = 0) -> list[Detections]:
    return [
        Detections(
            boxes_xyxy=picture.boxes_xyxy + np.float32(shift_px),
            scores=np.linspace(0.9, 0.4, len(picture.class_ids), dtype=np.float32),
            class_ids=picture.class_ids,
        )
        for picture in origin.pictures
    ]


def test_perfect_detections_reach_one() -> None:
    origin = _origin()
    result = average_precision(origin, _perfect(origin), LABELS)
    assert result.mean.ap == pytest.approx(1)
    assert result.per_class["car"].ap50 == pytest.approx(1)


def test_shifted_boxes_reach_less() -> None:
    origin = _origin()
    result = average_precision(origin, _perfect(origin, shift_px=4), LABELS)
    assert 0.2 < result.mean.ap < 0.8
    assert result.mean.ap50 == pytest.approx(1)


def test_what_an_origin_does_not_label_does_not_count() -> None:
    origin = _origin(labelled=(0,))
    result = average_precision(origin, _perfect(origin), LABELS)
    assert result.mean.ap == pytest.approx(1)
    assert list(result.per_class) == ["person"]


def test_nothing_found_is_zero() -> None:
    origin = _origin()
    result = average_precision(origin, [Detections.empty()] * 4, LABELS)
    assert (result.mean.ap, result.per_class["person"].ap50) == (0, 0)


def test_the_threshold_lies_between_right_and_wrong() -> None:
    origin = _origin()
    found = [
        replace(
            one,
            boxes_xyxy=np.concatenate([one.boxes_xyxy, one.boxes_xyxy + 500]),
            scores=np.concatenate([one.scores, np.full(6, 0.3, dtype=np.float32)]),
            class_ids=np.concatenate([one.class_ids, one.class_ids]),
        )
        for one in _perfect(origin)
    ]
    threshold, mean_f1 = best_threshold([origin], {"street": found})
    assert 0.3 <= threshold < 0.4
    assert mean_f1 == pytest.approx(1)


def test_one_object_is_found_once() -> None:
    origin = _origin()
    twice = [
        Detections(
            boxes_xyxy=np.concatenate([one.boxes_xyxy] * 2),
            scores=np.full(12, 0.9, dtype=np.float32),
            class_ids=np.concatenate([one.class_ids] * 2),
        )
        for one in _perfect(origin)
    ]
    assert best_threshold([origin], {"street": twice})[1] == pytest.approx(2 / 3)
