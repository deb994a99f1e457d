"""What every live frame goes through before it is looked at."""

from __future__ import annotations

import time

import pytest

from edgeserve.cameras import stamping as module
from edgeserve.cameras.reading import FellBehindError, Reading
from edgeserve.cameras.stamping import Stamping

_HOUR_NS = 3_600_000_000_000


def test_a_stream_that_falls_behind_its_own_clock_is_given_up() -> None:
    stamping = Stamping(Reading(max_lag_s=0.05))
    stamping.capture_ns(1_000_000_000)
    time.sleep(0.1)
    with pytest.raises(FellBehindError, match=r"behind its own clock \(setting max_lag\)"):
        stamping.capture_ns(1_000_000_001)


class WallClock:
    """The module `time` where somebody sets the clock on the wall."""

    def __init__(self) -> None:
        self.ahead_ns = 0
        self.monotonic, self.monotonic_ns = time.monotonic, time.monotonic_ns

    def time_ns(self) -> int:
        return time.time_ns() + self.ahead_ns


@pytest.mark.parametrize("step_s", [10, -10, 86_400, -86_400])
def test_a_clock_that_is_set_neither_ages_frames_nor_ends_the_stream(
    step_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = WallClock()
    monkeypatch.setattr(module, "time", clock)
    stamping = Stamping(Reading(max_lag_s=5))
    began_ns = time.monotonic_ns()
    stamping.capture_ns(_HOUR_NS)
    clock.ahead_ns = step_s * 1_000_000_000
    before_ns = clock.time_ns()
    # As much later by the stream's clock as by ours.
    capture_ns = stamping.capture_ns(_HOUR_NS + time.monotonic_ns() - began_ns) or 0
    assert before_ns - 5_000_000_000 < capture_ns <= clock.time_ns()


def test_no_limit_means_that_it_may_fall_behind() -> None:
    stamping = Stamping(Reading(max_lag_s=0))
    first = stamping.capture_ns(1_000_000_000)
    time.sleep(0.1)
    assert first is not None
    # A millisecond later by the stream's clock, however late it came (less the clocks' drift).
    later = stamping.capture_ns(1_001_000_000) or 0
    assert 0 < later - first < 50_000_000


def test_a_frame_without_a_stamp_is_dated_by_its_arrival() -> None:
    before = time.time_ns()
    capture_ns = Stamping(Reading()).capture_ns(None)
    assert capture_ns is not None
    assert before <= capture_ns <= time.time_ns()


def test_frames_that_come_in_bursts_are_held_until_their_time() -> None:
    slept: list[float] = []
    stamping = Stamping(Reading(max_lag_s=0), paced=True, sleep=slept.append)
    for number in range(3):
        stamping.capture_ns(_HOUR_NS + number * 500_000_000)
    # Nobody really slept, so the waits add up: half a second, then a whole one.
    assert slept == pytest.approx([0.5, 1.0], abs=0.2)


def test_frames_that_are_not_wanted_are_not_dated() -> None:
    stamping = Stamping(Reading(every_nth=2))
    dated = [stamping.capture_ns(None) is not None for _ in range(4)]
    assert dated == [True, False, True, False]
