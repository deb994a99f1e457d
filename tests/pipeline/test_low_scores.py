"""What the tracker sees and others do not."""

from __future__ import annotations

import numpy as np

from edgeserve.domain.camera import CameraResult, Track
from edgeserve.domain.detections import Detections
from edgeserve.domain.result import FrameResult, Status
from edgeserve.pipeline.low_scores import without_low_scores


def seen(scores: list[float], tracked: dict[int, int | None]) -> CameraResult:
    count = len(scores)
    boxes = np.arange(4 * count, dtype=np.float32).reshape(count, 4)
    found = Detections(boxes, np.array(scores, np.float32), np.arange(count, dtype=np.int64))
    result = FrameResult(0, Status.OK, found, tuple(f"label {n}" for n in range(count)))
    tracks = tuple(Track(one, at, (0, 0, 1, 1), 0, 0.5) for one, at in tracked.items())
    return CameraResult("yard", 0, 0, result, 64, 48, tracks)


def test_low_scores_are_left_out_unless_they_continue_a_track() -> None:
    shown = without_low_scores(seen([0.9, 0.2, 0.8, 0.15, 0.1], {5: 3, 6: 0, 7: None}), 0.3)
    assert shown.result.labels == ("label 0", "label 2", "label 3")
    assert shown.result.detections.class_ids.tolist() == [0, 2, 3]
    assert shown.result.detections.boxes_xyxy[:, 0].tolist() == [0, 8, 12]
    assert shown.track_ids == (6, None, 5)
    assert [track.detection for track in shown.tracks] == [2, 0, None]


def test_nothing_changes_where_all_may_be_shown() -> None:
    before = seen([0.9, 0.3], {})
    assert without_low_scores(before, 0.3) is before
    assert without_low_scores(seen([], {}), 0.3).track_ids == ()
