"""Zones entered and left, lines crossed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeserve.domain.camera import CameraEvent, CameraResult, Line, Track, Zone
from edgeserve.domain.result import FrameResult, Status
from edgeserve.tracking.events import SceneEvents
from edgeserve.tracking.zone import contains

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH_PX, HEIGHT_PX = 200, 100
SECOND_NS = 1_000_000_000
STEP_NS = SECOND_NS // 10
ZONE = Zone("door", ((0.4, 0.4), (0.6, 0.4), (0.6, 0.8), (0.4, 0.8)))
LINE = Line("gate", (0.5, 0.2), (0.5, 0.8))
"""Downwards: its left hand is the right part of the picture."""

Point = tuple[float, float]


def frame(number: int, *objects: tuple[int, Point | None], label: str = "person") -> CameraResult:
    """Objects that stand at these points, shares of the picture; None is out of sight."""
    tracks, labels = [], list[str]()
    for track_id, point in objects:
        x, y = (0.5, 0.6) if point is None else point
        box = (x * WIDTH_PX - 10, y * HEIGHT_PX - 30, x * WIDTH_PX + 10, y * HEIGHT_PX)
        tracks.append(Track(track_id, None if point is None else len(labels), box, 0, 0.9))
        if point is not None:
            labels.append(label)
    found = FrameResult(number, Status.OK, labels=tuple(labels))
    time_ns = number * STEP_NS
    return CameraResult("yard", number, time_ns, found, WIDTH_PX, HEIGHT_PX, tuple(tracks))


def watched(
    path: Iterable[Point | None], settle_seconds: float = 0.3, *, label: str = "person"
) -> list[CameraEvent]:
    """What one object does that is at these points, 10 a second, and is then given up."""
    scene = SceneEvents([ZONE], [LINE], settle_seconds)
    results = [frame(n, (1, point), label=label) for n, point in enumerate(path)]
    return [event for one in (*results, frame(len(results))) for event in scene.update(one)]


def walk(start: Point, end: Point, steps: int) -> list[Point]:
    return [
        (start[0] + (end[0] - start[0]) * n / steps, start[1] + (end[1] - start[1]) * n / steps)
        for n in range(steps + 1)
    ]


def test_a_visit_is_told_with_its_time_and_length() -> None:
    # Inside from 0.4 to 0.6: frames 9 to 12 of steps of 0.05, where the line is not passed.
    events = watched([(0.1, 0.6)] * 5 + [(0.45, 0.6)] * 20 + [(0.1, 0.6)] * 10)
    assert [(event.kind, event.place) for event in events] == [
        ("zone_entered", "door"),
        ("zone_left", "door"),
    ]
    entered, left = events
    assert entered.time_unix_ns == 5 * STEP_NS, "when it came, not when it was sure"
    assert left.time_unix_ns == 25 * STEP_NS
    assert (entered.dwell_ms, left.dwell_ms) == (None, 2000)
    assert (left.track_id, left.label) == (1, "person")


def test_an_object_that_is_lost_inside_leaves_when_it_was_last_seen() -> None:
    events = watched([(0.45, 0.6)] * 10 + [None] * 5)
    assert [event.kind for event in events] == ["zone_entered", "zone_left"]
    assert events[1].time_unix_ns == 9 * STEP_NS
    assert events[1].dwell_ms == 900


def test_an_object_at_the_edge_does_not_flicker() -> None:
    trembling = [(0.4 + 0.01 * (-1) ** n, 0.6) for n in range(100)]
    assert watched(trembling) == []
    flickering = watched(trembling, settle_seconds=0)
    assert len(flickering) > 50, "what the settling time is for"


def test_an_object_that_passes_quickly_is_not_a_visit() -> None:
    assert watched([(0.1, 0.6)] * 5 + [(0.45, 0.6)] * 2 + [(0.1, 0.6)] * 5) == []


@pytest.mark.parametrize(
    ("start", "end", "direction"),
    [((0.2, 0.3), (0.8, 0.3), "left"), ((0.8, 0.3), (0.2, 0.3), "right")],
)
def test_a_crossing_is_told_with_its_direction(start: Point, end: Point, direction: str) -> None:
    (event,) = watched(walk(start, end, 29))
    assert (event.kind, event.place, event.direction) == ("line_crossed", "gate", direction)
    assert event.time_unix_ns == 15 * STEP_NS
    assert event.dwell_ms is None


def test_there_and_back_are_two_crossings() -> None:
    there, back = walk((0.2, 0.3), (0.8, 0.3), 30), walk((0.8, 0.3), (0.2, 0.3), 30)
    assert [event.direction for event in watched(there + back)] == ["left", "right"]


def test_trembling_on_the_line_counts_at_most_once() -> None:
    on_it = [(0.5 + 0.01 * (-1) ** n, 0.3) for n in range(50)]
    path = walk((0.2, 0.3), (0.49, 0.3), 10) + on_it + walk((0.51, 0.3), (0.8, 0.3), 10)
    assert [event.direction for event in watched(path)] == ["left"]


def test_the_way_around_the_line_is_no_crossing() -> None:
    around = [(0.2, 0.6), (0.2, 0.95), (0.8, 0.95), (0.8, 0.3)]
    assert watched([point for point in around for _ in range(5)]) == []


def test_a_crossing_out_of_sight_counts_when_it_went_between_the_ends() -> None:
    path = [*[(0.3, 0.3)] * 5, *[None] * 5, *[(0.7, 0.3)] * 5]
    assert [event.kind for event in watched(path)] == ["line_crossed"]


def test_a_first_sight_beyond_the_line_is_no_crossing() -> None:
    assert watched([(0.8, 0.3)] * 10) == []


def test_only_the_labels_that_are_asked_for_count() -> None:
    zone = Zone("door", ZONE.points, labels=("car",))
    line = Line("gate", LINE.start, LINE.end, labels=("car",))
    for label, expected in (("person", 0), ("car", 3)):
        scene = SceneEvents([zone], [line], 0)
        path = walk((0.2, 0.6), (0.8, 0.6), 30)
        results = [frame(n, (1, point), label=label) for n, point in enumerate(path)]
        assert sum(len(scene.update(one)) for one in results) == expected


def test_counts_and_who_is_inside() -> None:
    scene = SceneEvents([ZONE], [LINE], 0)
    for n in range(10):
        scene.update(frame(n, (1, (0.45, 0.6)), (2, (0.55, 0.6)), (3, (0.1, 0.1))))
    assert scene.inside() == {"door": 2}
    scene.update(frame(10, (2, (0.45, 0.6)), (3, (0.1, 0.1))))
    assert scene.inside() == {"door": 1}
    assert scene.counts() == {
        ("door", "zone_entered", ""): 2,
        ("door", "zone_left", ""): 1,
        ("gate", "line_crossed", "right"): 1,
    }


def test_nothing_is_remembered_of_objects_that_are_gone() -> None:
    scene = SceneEvents([ZONE], [LINE], 0.3)
    for n in range(200):
        scene.update(frame(n, (n + 1, (0.45, 0.6))))
    assert len(scene._zones[0]._visits) == 1
    assert len(scene._lines[0]._paths) == 1


@given(st.lists(st.none() | st.tuples(st.floats(-1, 2), st.floats(-1, 2)), max_size=40))
def test_visits_begin_before_they_end_and_all_end(path: list[Point | None]) -> None:
    events = [event for event in watched(path, 0.1) if event.place == "door"]
    kinds = [event.kind for event in events]
    assert kinds == ["zone_entered", "zone_left"] * (len(kinds) // 2)
    times = [event.time_unix_ns for event in events]
    assert times == sorted(times)
    crossings = [event.direction for event in watched(path, 0.1) if event.place == "gate"]
    assert all(direction in {"left", "right"} for direction in crossings)


@pytest.mark.parametrize(
    ("point", "inside"),
    [((0.2, 0.2), True), ((0.5, 0.2), False), ((0.2, 0.8), True), ((0.8, 0.9), True)],
)
def test_a_zone_may_have_any_shape(point: Point, inside: bool) -> None:  # noqa: FBT001 - a case
    corner_shaped = ((0.1, 0.1), (0.3, 0.1), (0.3, 0.7), (0.9, 0.7), (0.9, 0.95), (0.1, 0.95))
    assert contains(corner_shaped, point) is inside
    assert contains(corner_shaped[::-1], point) is inside


def test_an_object_at_the_lower_edge_of_the_picture_is_in_a_zone_that_reaches_there() -> None:
    whole = Zone("all", ((0, 0), (1, 0), (1, 1), (0, 1)))
    scene = SceneEvents([whole], [], 0)
    assert [event.kind for event in scene.update(frame(0, (1, (0.5, 1.2))))] == ["zone_entered"]
