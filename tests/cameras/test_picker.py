"""Each n-th frame, and no more than so many a second."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeserve.cameras.picker import Picker


def test_nothing_said_takes_all() -> None:
    picker = Picker()
    assert all(picker.take(0.0) for _ in range(100))


def test_each_nth_frame_from_the_first_on() -> None:
    picker = Picker(every_nth=3)
    assert [picker.take(n / 30) for n in range(7)] == [True, False, False] * 2 + [True]


@given(st.floats(1, 60), st.floats(1, 60), st.integers(0, 2**32))
def test_the_rate_is_kept_whatever_the_cameras_is(wanted: float, camera: float, seed: int) -> None:
    picker = Picker(fps=wanted)
    seconds = 20
    jitter = [((seed * (n + 1)) % 997) / 997 * 0.2 / camera for n in range(round(camera * seconds))]
    taken = sum(picker.take(n / camera + late_s) for n, late_s in enumerate(jitter))
    assert taken <= wanted * seconds + 2
    assert taken >= 0.6 * min(wanted, camera) * seconds - 2


def test_thirty_a_second_limited_to_ten_are_ten() -> None:
    picker = Picker(fps=10)
    assert sum(picker.take(n / 30) for n in range(300)) == pytest.approx(100, abs=1)


def test_a_gap_is_not_made_up_for() -> None:
    picker = Picker(fps=10)
    picker.take(0.0)
    assert sum(picker.take(100 + n / 100) for n in range(10)) <= 2
