"""Token buckets, at, under and over their rate."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeserve.access.rate import TokenBucket


def passes(bucket: TokenBucket, cost: float, now_s: float) -> bool:
    if bucket.wait_s(cost, now_s):
        return False
    bucket.take(cost, now_s)
    return True


def test_a_second_s_worth_passes_at_once_and_no_more() -> None:
    bucket = TokenBucket(5, 0.0)
    assert [passes(bucket, 1, 0.0) for _ in range(7)] == [True] * 5 + [False] * 2


def test_at_its_rate_nothing_is_ever_held_up() -> None:
    bucket = TokenBucket(8, 0.0)
    assert all(passes(bucket, 1, number / 8) for number in range(1000))


def test_over_its_rate_what_passes_is_the_rate() -> None:
    bucket = TokenBucket(8, 0.0)
    passed = sum(passes(bucket, 1, number / 64) for number in range(6400))
    assert passed == pytest.approx(8 * 100 + 8, abs=1)


def test_less_than_one_a_second_lets_one_through_and_then_waits() -> None:
    bucket = TokenBucket(0.25, 0.0)
    assert passes(bucket, 1, 0.0)
    assert bucket.wait_s(1, 0.0) == pytest.approx(4)
    assert not passes(bucket, 1, 3.9)
    assert passes(bucket, 1, 4.1)


def test_what_is_larger_than_the_bucket_passes_when_it_is_full_and_is_paid_off() -> None:
    bucket = TokenBucket(100, 0.0)
    assert passes(bucket, 1000, 0.0)
    assert bucket.wait_s(1, 0.0) == pytest.approx(9.01)
    assert not passes(bucket, 1000, 9.9)
    assert passes(bucket, 1000, 10.1)


@settings(deadline=None)
@given(
    rate=st.floats(0.1, 1e6),
    steps=st.lists(st.tuples(st.floats(0, 10), st.floats(0, 1e6)), max_size=50),
)
def test_what_passes_never_outruns_the_rate(rate: float, steps: list[tuple[float, float]]) -> None:
    bucket = TokenBucket(rate, 0.0)
    now_s, passed, last = 0.0, 0.0, 0.0
    for pause_s, cost in steps:
        now_s += pause_s
        if passes(bucket, cost, now_s):
            # What was there before the last one may not be more than the rate brought.
            assert passed <= now_s * rate + max(1.0, rate) + 1e-6 * (1 + passed)
            passed += cost
            last = cost
    assert passed - last <= now_s * rate + max(1.0, rate) + 1e-6 * (1 + passed)
