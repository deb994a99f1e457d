"""Ids for the objects of one camera, from frame to frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.camera import Track
from edgeserve.domain.detections import Detections
from edgeserve.geometry.boxes import iou_matrix
from edgeserve.tracking.assignment import assign
from edgeserve.tracking.observations import Observations
from edgeserve.tracking.tracks import Tracks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeserve.tracking.options import TrackingOptions

# Least overlap of a detection with where its object is expected.
_IOU_KNOWN = 0.2
_IOU_LOW_SCORE = 0.5
_IOU_NEW = 0.3
_SLOWEST_NS = 10_000_000_000
"""Longest time between two frames of a slow camera; more than that is an interruption."""


class ByteTracker:
    """Follows objects by motion and overlap, as ByteTrack does.

    Detections of a good score are matched first, with all objects that have an id; those of a low
    score may then only continue what was in sight; what is left continues or begins objects that
    have no id yet. An object keeps the class that it began with. The order of the detections makes
    no difference. Used by one thread at a time.
    """

    def __init__(self, options: TrackingOptions) -> None:
        """Begin with an empty scene; ids count from 1."""
        self._options = options
        self._tracks = Tracks.begin(Observations.of(Detections.empty(), 0, 0))
        self._time_ns: int | None = None
        self._ids_given = 0

    @property
    def least_score(self) -> float:
        """Least score of a detection that may continue a track."""
        return self._options.track_low_score

    def update(self, detections: Detections, capture_ns: int) -> tuple[Track, ...]:
        """Take the detections of the next frame.

        Args:
            detections: of the frame, boxes in source pixels, in any order. Those that are not
                finite, or have no area, belong to no object.
            capture_ns: when it was taken, nanoseconds since 1970. Frames may be missing or late;
                a clock that was set back counts as no time passed.

        Returns:
            The objects that have an id, oldest first, with those that are out of sight. Boxes are
            the filter's, which tremble less than the detections.
        """
        found = Observations.of(detections, self._options.track_low_score, capture_ns)
        self._advance(capture_ns)
        tracks, owners = self._tracks, self._match(found)
        matched = owners >= 0
        tracks.correct(owners[matched], found.select(matched))
        lost = tracks.detections < 0
        tracks.motion.hold_sizes(lost)
        begun = found.select(~matched & (found.scores >= self._options.track_score))
        self._tracks = tracks.select(~lost | (tracks.ids > 0)).join(Tracks.begin(begun))
        self._give_ids()
        return self._known()

    def _advance(self, time_ns: int) -> None:
        """Move the objects on to now; give up those that were unseen for too long."""
        tracks = self._tracks
        passed_ns = 0 if self._time_ns is None else max(0, time_ns - self._time_ns)
        self._time_ns = time_ns
        np.minimum(tracks.seen_ns, time_ns, out=tracks.seen_ns)
        alive = time_ns - tracks.seen_ns <= self._options.track_lost_seconds * 1e9
        if passed_ns <= _SLOWEST_NS:
            alive |= tracks.detections >= 0
        self._tracks = tracks.select(alive)
        self._tracks.advance(passed_ns)

    def _match(self, found: Observations) -> NDArray[np.intp]:
        """The object of each observation, -1 for none."""
        tracks = self._tracks
        overlaps = iou_matrix(tracks.motion.boxes_xyxy(), found.boxes_xyxy)
        overlaps[tracks.class_ids[:, None] != found.class_ids[None]] = 0
        owners = np.full(len(found), -1, dtype=np.intp)
        free = np.ones(len(tracks), dtype=bool)
        good, known = found.scores >= self._options.track_score, tracks.ids > 0
        rounds = (
            (known, good, _IOU_KNOWN),
            (known & (tracks.detections >= 0), ~good, _IOU_LOW_SCORE),
            (~known, good, _IOU_NEW),
        )
        for candidates, wanted, least in rounds:
            rows, columns = np.nonzero(candidates & free)[0], np.nonzero(wanted & (owners < 0))[0]
            row, column = assign(overlaps[np.ix_(rows, columns)] - least)
            owners[columns[column]] = rows[row]
            free[rows[row]] = False
        return owners

    def _give_ids(self) -> None:
        """Name the objects that were found often enough."""
        tracks = self._tracks
        (due,) = np.nonzero((tracks.ids == 0) & (tracks.hits >= self._options.track_min_hits))
        tracks.ids[due] = self._ids_given + 1 + np.arange(len(due))
        self._ids_given += len(due)

    def _known(self) -> tuple[Track, ...]:
        tracks = self._tracks
        boxes, velocities = tracks.motion.boxes_xyxy().tolist(), tracks.motion.velocity.tolist()
        return tuple(
            Track(
                track_id=int(tracks.ids[row]),
                detection=int(tracks.detections[row]) if tracks.detections[row] >= 0 else None,
                box_xyxy=tuple(boxes[row]),
                class_id=int(tracks.class_ids[row]),
                score=float(tracks.scores[row]),
                age=int(tracks.ages[row]),
                velocity_xy=(velocities[row][0], velocities[row][1]),
            )
            for row in np.nonzero(tracks.ids)[0].tolist()
        )
