"""Ids from frame to frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeserve.domain.detections import Detections
from edgeserve.tracking.options import TrackingOptions
from edgeserve.tracking.tracker import ByteTracker
from tests.tracking.scenes import SECOND_NS, START_NS, Faults, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

STEP_NS = SECOND_NS // 25

BOX = st.tuples(
    st.floats(width=32),
    st.floats(width=32),
    st.floats(width=32),
    st.floats(width=32),
    st.floats(0, 1, width=32) | st.just(float("nan")),
    st.integers(0, 2),
) | st.tuples(
    *[st.integers(0, 8).map(lambda n: n * 20.0)] * 4,
    st.sampled_from([0.05, 0.2, 0.5, 0.9]),
    st.integers(0, 1),
)
FRAMES = st.lists(
    st.tuples(st.lists(BOX, max_size=6), st.integers(-(10**9), 3 * 10**9)), max_size=8
)


def detections(rows: Sequence[tuple[float, ...]]) -> Detections:
    """Of x1, y1, x2, y2, score, class."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Detections(
        table[:, :4].astype(np.float32),
        table[:, 4].astype(np.float32),
        table[:, 5].astype(np.int64),
    )


def person(x: float, score: float = 0.8, class_id: int = 0) -> tuple[float, ...]:
    return (x, 100, x + 50, 220, score, class_id)


def ids_of(
    tracker: ByteTracker, frames: Sequence[Sequence[tuple[float, ...]]], start: int = 0
) -> list[list[int | None]]:
    """The id of each detection of each frame, 25 frames a second."""
    answer = []
    for number, rows in enumerate(frames, start):
        tracks = tracker.update(detections(rows), START_NS + number * STEP_NS)
        of = {track.detection: track.track_id for track in tracks}
        answer.append([of.get(index) for index in range(len(rows))])
    return answer


def test_an_object_gets_an_id_when_it_was_found_often_enough_and_keeps_it() -> None:
    ids = ids_of(ByteTracker(TrackingOptions()), [[person(10 * n)] for n in range(30)])
    assert ids == [[None], [None], *[[1]] * 28]


def test_a_track_tells_where_its_object_is_and_where_it_goes() -> None:
    tracker = ByteTracker(TrackingOptions())
    ids_of(tracker, [[person(4 * n)] for n in range(50)])
    (track,) = tracker.update(detections([person(200)]), START_NS + 50 * STEP_NS)
    assert track.box_xyxy == pytest.approx((200, 100, 250, 220), abs=3)
    assert track.velocity_xy == pytest.approx((100, 0), abs=10)
    assert (track.class_id, track.age, track.detection) == (0, 50, 0)
    assert track.score == pytest.approx(0.8)


def test_a_flash_is_no_object() -> None:
    frames = [[person(0)], [person(0)], [], [person(0)], [person(0)], []]
    assert all(one is None for ids in ids_of(ByteTracker(TrackingOptions()), frames) for one in ids)


def test_a_low_score_continues_an_object_but_begins_none() -> None:
    tracker = ByteTracker(TrackingOptions())
    frames = [[person(0)]] * 3 + [[person(0, 0.15)]] * 10
    assert ids_of(tracker, frames)[-1] == [1]
    assert ids_of(ByteTracker(TrackingOptions()), [[person(0, 0.15)]] * 10)[-1] == [None]


def test_an_object_that_comes_back_in_time_keeps_its_id_and_later_it_does_not() -> None:
    for unseen, expected in ((40, 1), (60, 2)):
        tracker = ByteTracker(TrackingOptions(track_lost_seconds=2))
        frames = [[person(0)]] * 5 + [[]] * unseen + [[person(0)]] * 5
        assert ids_of(tracker, frames)[-1] == [expected]


def test_an_object_out_of_sight_is_expected_where_it_was_going() -> None:
    tracker = ByteTracker(TrackingOptions())
    moving = [[person(8 * n)] for n in range(50)]
    moving[30:40] = [[]] * 10
    tracks = ids_of(tracker, moving)
    assert tracks[-1] == [1], "80 px on, beyond its own width"
    (lost,) = tracker.update(Detections.empty(), START_NS + 50 * STEP_NS)
    assert lost.detection is None
    assert lost.box_xyxy[0] == pytest.approx(400, abs=5)


def test_a_long_pause_of_the_camera_ends_all() -> None:
    tracker = ByteTracker(TrackingOptions())
    ids_of(tracker, [[person(0)]] * 5)
    assert tracker.update(Detections.empty(), START_NS + 60 * SECOND_NS) == ()
    assert ids_of(tracker, [[person(0)]] * 3, start=60 * 25)[-1] == [2]


def test_time_decides_not_the_number_of_frames() -> None:
    """The same walk, once at 25 and once at 5 frames a second."""
    for step in (1, 5):
        tracker = ByteTracker(TrackingOptions(track_min_hits=1))
        for n in range(0, 100, step):
            tracks = tracker.update(detections([person(2 * n)]), START_NS + n * STEP_NS)
        assert [track.track_id for track in tracks] == [1]
        assert tracks[0].velocity_xy == pytest.approx((50, 0), abs=5)


def test_a_slow_camera_is_no_interruption() -> None:
    tracker = ByteTracker(TrackingOptions(track_lost_seconds=2))
    for n in range(4):
        tracks = tracker.update(detections([person(0)]), START_NS + 5 * n * SECOND_NS)
    assert [track.track_id for track in tracks] == [1]
    assert [
        track.track_id
        for n in (4, 5)
        for track in tracker.update(Detections.empty(), START_NS + 5 * n * SECOND_NS)
    ] == [1], "gone with the second frame that it is not on"


def test_a_clock_that_is_set_back_loses_nobody() -> None:
    tracker = ByteTracker(TrackingOptions())
    ids_of(tracker, [[person(0)]] * 5)
    back = -3600 * 25
    assert ids_of(tracker, [[person(0)]] * 5, start=back)[-1] == [1]
    assert ids_of(tracker, [[]] * 60, start=back + 5)[-1] == []
    assert ids_of(tracker, [[person(0)]] * 3, start=back + 65)[-1] == [2]


def test_an_object_keeps_its_class() -> None:
    tracker = ByteTracker(TrackingOptions())
    ids_of(tracker, [[person(0, class_id=0)]] * 5)
    assert ids_of(tracker, [[person(0, class_id=1)]] * 3, start=5)[-1] == [2]


def test_two_that_pass_each_other_keep_their_ids() -> None:
    frames = [[person(6 * n), person(300 - 6 * n)] for n in range(50)]
    ids = ids_of(ByteTracker(TrackingOptions()), frames)
    assert ids[2] == ids[-1]
    assert sorted(one for one in ids[-1] if one is not None) == [1, 2]


@settings(max_examples=80, deadline=None)
@given(FRAMES)
def test_whatever_comes_ids_are_unique_rising_and_of_the_detections_given(
    frames: list[tuple[list[tuple[float, ...]], int]],
) -> None:
    tracker = ByteTracker(TrackingOptions(track_min_hits=2))
    time_ns, alive, newest = START_NS, set[int](), 0
    for rows, passed_ns in frames:
        time_ns += passed_ns
        tracks = tracker.update(detections(rows), time_ns)
        ids = [track.track_id for track in tracks]
        assert len(set(ids)) == len(ids)
        new = set(ids) - alive
        assert all(one > newest for one in new), "an id is never given twice"
        newest = max([newest, *ids])
        alive = set(ids)
        taken = [track.detection for track in tracks if track.detection is not None]
        assert len(set(taken)) == len(taken)
        for track in tracks:
            assert np.isfinite(track.box_xyxy).all()
            assert track.box_xyxy[2] > track.box_xyxy[0]
            if track.detection is not None:
                assert rows[track.detection][5] == track.class_id


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_the_detections_makes_no_difference(seed: int) -> None:
    shuffle = np.random.default_rng(seed)
    first, second = ByteTracker(TrackingOptions()), ByteTracker(TrackingOptions())
    for moment in walk(seed, Faults(missed=0.2, low=0.2, false=2), frames=40):
        found = moment.detections
        order = shuffle.permutation(len(found))
        mixed = Detections(found.boxes_xyxy[order], found.scores[order], found.class_ids[order])
        one = first.update(found, moment.time_ns)
        other = second.update(mixed, moment.time_ns)
        assert [track.track_id for track in one] == [track.track_id for track in other]
        for left, right in zip(one, other, strict=True):
            assert left.box_xyxy == right.box_xyxy
            placed = None if right.detection is None else int(order[right.detection])
            assert left.detection == placed
