"""The tracker measured as the field measures trackers: MOTA, IDF1, switches of ids.

The floors are below what was measured; a change that breaks the tracker falls through them.
"""

from __future__ import annotations

import motmetrics
import numpy as np
import pytest

from edgeserve.geometry.boxes import iou_matrix
from edgeserve.tracking.options import TrackingOptions
from edgeserve.tracking.tracker import ByteTracker
from tests.tracking.scenes import Faults, walk


def measure(
    faults: Faults,
    options: TrackingOptions,
    *,
    objects: int = 12,
    fps: float = 25,
) -> dict[str, float]:
    """Two seeded scenes of 200 frames, taken together; a box is right from IoU 0.5 on."""
    accumulators = []
    for seed in (1, 2):
        tracker = ByteTracker(options)
        accumulator = motmetrics.MOTAccumulator(auto_id=True)
        for moment in walk(seed, faults, objects=objects, fps=fps, frames=200):
            tracks = tracker.update(moment.detections, moment.time_ns)
            seen = [track for track in tracks if track.detection is not None]
            boxes = np.array([track.box_xyxy for track in seen]).reshape(-1, 4)
            distances = 1 - iou_matrix(moment.truth_xyxy, boxes)
            distances[distances > 0.5] = np.nan
            ids = [track.track_id for track in seen]
            accumulator.update(moment.object_ids.tolist(), ids, distances)
        accumulators.append(accumulator)
    summary = motmetrics.metrics.create().compute_many(
        accumulators,
        metrics=["mota", "idf1", "num_switches", "num_unique_objects"],
        generate_overall=True,
    )
    return {str(name): float(value) for name, value in summary.loc["OVERALL"].items()}


@pytest.mark.parametrize(
    ("faults", "objects", "fps", "mota", "idf1"),
    [
        pytest.param(Faults(0, 0, 0, 0), 12, 25, 0.93, 0.90, id="perfect detector"),
        pytest.param(Faults(), 12, 25, 0.80, 0.84, id="10 % missed, 10 % low, false ones"),
        pytest.param(Faults(0.04, 0.2, 0.2, 2), 12, 25, 0.64, 0.74, id="a poor detector"),
        pytest.param(Faults(uneven=True), 12, 25, 0.78, 0.82, id="uneven times"),
        pytest.param(Faults(), 12, 5, 0.74, 0.78, id="5 frames a second"),
        pytest.param(Faults(blackout=15), 12, 25, 0.62, 0.72, id="hidden for 0.6 s at a time"),
        pytest.param(Faults(), 40, 25, 0.80, 0.84, id="40 objects"),
    ],
)
def test_objects_keep_their_ids(
    faults: Faults, objects: int, fps: float, mota: float, idf1: float
) -> None:
    measured = measure(faults, TrackingOptions(), objects=objects, fps=fps)
    assert measured["mota"] > mota
    assert measured["idf1"] > idf1
    assert measured["num_switches"] < 0.3 * measured["num_unique_objects"]


def test_low_scores_and_patience_are_worth_it() -> None:
    faults = Faults(missed=0.1, low=0.3, blackout=10)
    usual = measure(faults, TrackingOptions())
    no_low_scores = measure(faults, TrackingOptions(track_low_score=0.3))
    no_patience = measure(faults, TrackingOptions(track_lost_seconds=0))
    assert usual["mota"] > no_low_scores["mota"] + 0.1
    assert usual["idf1"] > no_patience["idf1"] + 0.1


def test_the_same_scene_gives_the_same_tracks() -> None:
    def run() -> list[tuple[object, ...]]:
        tracker = ByteTracker(TrackingOptions())
        scene = walk(4, Faults(), frames=100)
        return [tracker.update(moment.detections, moment.time_ns) for moment in scene]

    assert run() == run()
