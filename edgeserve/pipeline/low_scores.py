"""Detections that only the tracker is to see."""

from __future__ import annotations

from dataclasses import replace
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.detections import Detections

if TYPE_CHECKING:
    from edgeserve.domain.camera import CameraResult


def without_low_scores(seen: CameraResult, least_score: float) -> CameraResult:
    """Leave out detections below `least_score`, unless they continue a track."""
    found = seen.result.detections
    shown = found.scores >= least_score
    shown[[track.detection for track in seen.tracks if track.detection is not None]] = True
    if shown.all():
        return seen
    place = (np.cumsum(shown) - 1).tolist()
    kept = Detections(found.boxes_xyxy[shown], found.scores[shown], found.class_ids[shown])
    labels = tuple(compress(seen.result.labels, shown.tolist()))
    tracks = tuple(
        track if track.detection is None else replace(track, detection=place[track.detection])
        for track in seen.tracks
    )
    result = replace(seen.result, detections=kept, labels=labels)
    return replace(seen, result=result, tracks=tracks)
