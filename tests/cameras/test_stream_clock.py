"""Capture times by a stream's own clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgeserve.cameras.stream_clock import StreamClock

_MS = 1_000_000
START_NS = 1_800_000_000_000_000_000


@given(
    st.lists(
        st.tuples(st.integers(1, 200), st.integers(0, 500)),
        min_size=1,
        max_size=50,
    ),
)
def test_no_frame_is_taken_after_it_came_and_intervals_are_the_streams(
    frames: list[tuple[int, int]],
) -> None:
    """Each frame: milliseconds after the one before, and how long it took."""
    clock = StreamClock()
    stamp_ms, last_arrival_ns = 0, START_NS
    for step_ms, way_ms in frames:
        stamp_ms += step_ms
        # Frames do not overtake each other.
        arrival_ns = max(last_arrival_ns, START_NS + (stamp_ms + way_ms) * _MS)
        last_arrival_ns = arrival_ns
        capture_ns = clock.date(stamp_ms * _MS, arrival_ns)
        assert capture_ns <= arrival_ns
        # And never before it could have been: the shortest way is taken as none at all.
        assert capture_ns >= START_NS + stamp_ms * _MS
        assert clock.lag_s >= 0


def test_what_waits_grows_older() -> None:
    clock = StreamClock()
    for number in range(10):
        # Twice as long between arrivals as between captures: a decoder that is too slow.
        clock.date(number * 100 * _MS, START_NS + number * 200 * _MS)
    assert 0.89 < clock.lag_s < 0.91


def test_a_count_that_begins_anew_is_dated_by_arrival() -> None:
    clock = StreamClock()
    clock.date(50_000 * _MS, START_NS)
    assert clock.date(0, START_NS + 40 * _MS) == START_NS + 40 * _MS
    # So is one that leaps ahead by an hour.
    assert clock.date(3_600_000 * _MS, START_NS + 80 * _MS) == START_NS + 80 * _MS
