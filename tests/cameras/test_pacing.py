"""Pacing, on a clock that only sleep and the consumer move."""

from __future__ import annotations

import pytest

from edgeserve.cameras.pacing import paced
from edgeserve.domain.errors import ConfigurationError
from edgeserve.domain.frame import EncodedFrame


class FakeClock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_s += seconds


def _times(busy_s: list[float], fps: float) -> list[float]:
    """When each frame comes, from the first; the consumer is busy that long after each."""
    clock = FakeClock()
    frames = [EncodedFrame(number, b"") for number in range(len(busy_s))]
    times: list[float] = []
    for frame in paced(frames, fps, clock=clock, sleep=clock.sleep):
        assert frame is frames[len(times)]
        times.append(clock.now_s - 100.0)
        clock.now_s += busy_s[frame.frame_id]
    assert len(times) == len(frames)
    return times


def test_frames_come_at_the_rate_asked_for() -> None:
    assert _times([0.0] * 5, 10) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


def test_small_delays_do_not_add_up() -> None:
    times = _times([0.03, 0.09, 0.14, 0.0, 0.0, 0.0] * 50, 10)
    assert times[::6] == pytest.approx([0.6 * n for n in range(50)])
    assert times[:6] == pytest.approx([0, 0.1, 0.2, 0.34, 0.4, 0.5])


def test_after_a_long_delay_only_one_frame_is_caught_up() -> None:
    times = _times([0.0, 5.0, 0.0, 0.0, 0.0, 0.0], 10)
    # The late frame and one more at once, then the rate again from there.
    assert times == pytest.approx([0, 0.1, 5.1, 5.1, 5.2, 5.3])


def test_slow_consumer_gets_frames_as_it_takes_them() -> None:
    assert _times([0.5] * 4, 10) == pytest.approx([0, 0.5, 1.0, 1.5])


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf")])
def test_rate_that_is_none_is_refused_at_the_call(fps: float) -> None:
    with pytest.raises(ConfigurationError, match="expected a number above 0"):
        paced([], fps)


def test_real_clock_is_the_default() -> None:
    assert [f.frame_id for f in paced([EncodedFrame(n, b"") for n in range(3)], 1000)] == [0, 1, 2]
