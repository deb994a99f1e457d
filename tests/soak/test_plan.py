"""Faults by chance, and fairly spread."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.soak.plan import TENTHS, make_plan

KINDS = [f"kind {number}" for number in range(13)]


@pytest.mark.parametrize("minutes", [0.7, 6.5, 45, 600])
def test_each_tenth_has_the_same_faults_and_so_has_the_warm_up(minutes: float) -> None:
    plan = make_plan(60 * minutes, KINDS, seed=1)
    by_tenth = [
        Counter(event.kind for event in plan.events if event.tenth == tenth)
        for tenth in range(-1, TENTHS)
    ]
    assert by_tenth[0]
    assert all(counts == by_tenth[0] for counts in by_tenth)
    assert set(by_tenth[0]) | set(plan.left_out) == set(KINDS)
    for event in plan.events:
        begin_s, end_s = plan.span(event.tenth)
        assert begin_s <= event.at_s < end_s
    assert plan.span(TENTHS - 1)[1] == pytest.approx(60 * minutes)


def test_a_seed_is_a_plan() -> None:
    assert make_plan(2700, KINDS, 1) == make_plan(2700, KINDS, 1)
    assert make_plan(2700, KINDS, 1) != make_plan(2700, KINDS, 2)
