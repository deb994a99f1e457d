"""The filter of boxes in motion."""

from __future__ import annotations

import numpy as np
import pytest

from edgeserve.tracking.motion import Motion

FIRST = np.array([[100.0, 100.0, 140.0, 200.0], [300.0, 50.0, 360.0, 90.0]])
VELOCITY = np.array([[50.0, -20.0] * 2, [-80.0, 10.0] * 2])


def followed(seconds: list[float]) -> Motion:
    """Boxes that move steadily, measured after each of these steps."""
    motion, boxes = Motion.of(FIRST), FIRST.copy()
    for step_s in seconds:
        boxes += VELOCITY * step_s
        motion.predict(step_s)
        motion.correct(np.arange(2), boxes)
    return motion


@pytest.mark.parametrize("seconds", [[0.04] * 40, [0.02, 0.1, 0.04, 0.3, 0.04] * 8, [0.5] * 12])
def test_steady_motion_is_foreseen_however_even_the_frames_come(seconds: list[float]) -> None:
    motion = followed(seconds)
    motion.predict(0.4)
    expected = FIRST + VELOCITY * (sum(seconds) + 0.4)
    assert np.abs(motion.boxes_xyxy() - expected).max() < 2
    assert motion.velocity[:, :2] == pytest.approx(VELOCITY[:, :2], abs=3)


def test_one_long_step_is_as_good_as_many_short_ones() -> None:
    once, often = followed([0.1] * 5), followed([0.1] * 5)
    once.predict(1.0)
    for _ in range(10):
        often.predict(0.1)
    for name in ("position", "velocity", "variance", "covariance", "velocity_variance"):
        assert getattr(once, name) == pytest.approx(getattr(often, name))


def test_doubt_grows_unseen_and_shrinks_with_each_measurement() -> None:
    motion = Motion.of(FIRST)
    before = motion.variance.copy()
    motion.predict(0.2)
    assert (motion.variance > before).all()
    unseen = motion.variance.copy()
    motion.correct(np.array([1]), FIRST[1:])
    assert (motion.variance[1] < unseen[1]).all()
    assert (motion.variance[0] == unseen[0]).all()


def test_a_trembling_box_is_steadied() -> None:
    generator = np.random.default_rng(5)
    motion = Motion.of(FIRST)
    raw, filtered = [], []
    for _ in range(200):
        measured = FIRST + generator.normal(0, 3, FIRST.shape)
        motion.predict(0.04)
        motion.correct(np.arange(2), measured)
        raw.append(np.abs(measured - FIRST).mean())
        filtered.append(np.abs(motion.boxes_xyxy() - FIRST).mean())
    assert np.mean(filtered[20:]) < 0.8 * np.mean(raw[20:])


def test_a_box_that_shrinks_out_of_sight_keeps_an_area() -> None:
    motion = Motion.of(FIRST)
    motion.predict(0.1)
    motion.correct(np.arange(2), FIRST + np.array([15.0, 15.0, -15.0, -15.0]))
    motion.predict(60)
    sides = motion.boxes_xyxy()[:, 2:] - motion.boxes_xyxy()[:, :2]
    assert (sides > 0.5).all()
