"""Shares of a device that has too much to do, in a virtual time."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeserve.domain.errors import RequestError
from edgeserve.domain.request import Policy, Priority, StreamOptions
from edgeserve.pipeline.fair_queue import Cost
from edgeserve.pipeline.options import PipelineOptions
from tests.pipeline.virtual import Client, play

if TYPE_CHECKING:
    from tests.pipeline.conftest import Benches

POLICIES = [
    StreamOptions(policy=Policy.LATEST),
    StreamOptions(policy=Policy.QUEUE, queue_size=3),
    StreamOptions(policy=Policy.BLOCK, queue_size=3),
]


def client(cost_ms: float, seed: int = 0, *, weight: float = 1.0, policy: int = 0) -> Client:
    """One whose frames cost so much, give or take a third."""
    dice = random.Random(seed)
    return Client(POLICIES[policy], lambda _: cost_ms * dice.uniform(0.67, 1.33), weight)


@pytest.mark.parametrize("policy", [0, 1, 2])
@pytest.mark.parametrize("workers", [1, 3])
def test_equal_streams_get_equal_shares(workers: int, policy: int) -> None:
    clients = [client(10, seed, policy=policy) for seed in range(16)]
    play(clients, workers=workers, seconds=60)
    frames = [one.frames for one in clients]
    assert max(frames) <= 1.1 * min(frames)


@pytest.mark.parametrize("ratio", [2.5, 3.1, 4.0])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_stream_of_large_frames_takes_no_more_than_one_of_small(
    workers: int,
    ratio: float,
) -> None:
    large = client(10 * ratio, 99)
    small = [client(10, seed) for seed in range(15)]
    play([large, *small], workers=workers, seconds=60)
    mean_ms = sum(one.used_ms for one in small) / len(small)
    assert large.used_ms == pytest.approx(mean_ms, rel=0.15)


def test_a_stream_gets_its_weight() -> None:
    clients = [client(10, 1, weight=4), client(10, 2, weight=1), client(30, 3, weight=2)]
    play(clients, workers=1, seconds=60)
    used_ms = [one.used_ms for one in clients]
    assert used_ms[0] / used_ms[1] == pytest.approx(4, rel=0.1)
    assert used_ms[2] / used_ms[1] == pytest.approx(2, rel=0.1)


@settings(deadline=None, max_examples=15)
@given(
    st.lists(
        st.tuples(st.floats(5, 40), st.sampled_from([0.5, 1.0, 2.0])),
        min_size=2,
        max_size=12,
    ),
)
def test_shares_follow_the_weights_whatever_frames_cost(
    wanted: list[tuple[float, float]],
) -> None:
    clients = [
        client(cost_ms, seed, weight=weight) for seed, (cost_ms, weight) in enumerate(wanted)
    ]
    play(clients, workers=1, seconds=60)
    per_weight = [one.used_ms / one.weight for one in clients]
    assert max(per_weight) <= 1.2 * min(per_weight)


@pytest.mark.parametrize("priority", list(Priority))
def test_no_priority_is_starved(priority: Priority) -> None:
    options = StreamOptions(priority=priority)
    others = StreamOptions(priority=Priority.HIGH)
    one = Client(options, lambda _: 10)
    play([one, *(Client(others, lambda _: 10) for _ in range(8))], workers=1, seconds=30)
    # LOW is a sixteenth of HIGH: a turn of its own in every 129 at the latest.
    assert 0 < one.longest_gap_ms <= 10 * (8 * 16 + 2)


def test_one_frame_that_hangs_does_not_silence_its_stream() -> None:
    unlucky = Client(POLICIES[0], lambda number: 5000 if number == 50 else 10)
    others = [client(10, seed) for seed in range(3)]
    play([unlucky, *others], workers=2, seconds=30)
    # 5 s of hanging would otherwise be 15 s of the others' turns.
    assert unlucky.longest_gap_ms < 5600


def test_a_cost_follows_its_stream_when_its_frames_change() -> None:
    cost = Cost()
    for _ in range(10):
        cost.learn(10_000_000)
    for _ in range(80):
        cost.learn(80_000_000)
    assert cost.ns == pytest.approx(80_000_000, rel=0.05)


def test_a_cost_is_what_most_frames_take() -> None:
    cost = Cost()
    for number in range(1000):
        cost.learn(500_000_000 if number % 4 == 0 else 10_000_000)
    assert cost.ns == pytest.approx(10_000_000, rel=0.1)


def test_a_client_cannot_raise_itself_above_the_servers_cap(bench: Benches) -> None:
    made = bench(limits=PipelineOptions(max_priority="normal"))
    said = r"priority is high; the highest allowed is normal \(setting max_priority\)"
    with pytest.raises(RequestError, match=said):
        made.open(StreamOptions(priority=Priority.HIGH))
    made.open(StreamOptions(priority=Priority.LOW))
    assert made.watcher.open_streams == 1
