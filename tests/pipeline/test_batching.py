"""Which prepared frames go to a device together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgeserve.pipeline.batching import Batcher

WAIT_NS = 1000


def test_a_full_batch_goes_at_once_and_the_rest_waits() -> None:
    batcher: Batcher[int] = Batcher(WAIT_NS)
    for item in range(5):
        batcher.add(item, model=1, limit=4, now_ns=item)
    assert batcher.take(5, more=True) == [0, 1, 2, 3]
    assert batcher.take(5, more=True) == []
    assert batcher.due_ns() == 4 + WAIT_NS
    assert batcher.take(4 + WAIT_NS, more=True) == [4]
    assert batcher.due_ns() is None


def test_nobody_is_waited_for_when_nobody_comes() -> None:
    batcher: Batcher[int] = Batcher(WAIT_NS)
    batcher.add(7, model=1, limit=4, now_ns=0)
    assert batcher.take(0, more=False) == [7]


def test_models_do_not_mix_and_the_oldest_goes_first() -> None:
    batcher: Batcher[str] = Batcher(WAIT_NS)
    batcher.add("b1", model=2, limit=4, now_ns=0)
    batcher.add("a1", model=1, limit=4, now_ns=1)
    batcher.add("b2", model=2, limit=4, now_ns=2)
    assert batcher.take(2, more=False) == ["b1", "b2"]
    assert batcher.take(2, more=False) == ["a1"]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 700)), max_size=40),
    st.integers(1, 5),
)
def test_every_frame_goes_once_in_order_and_none_waits_too_long(
    arrivals: list[tuple[int, int]],
    limit: int,
) -> None:
    batcher: Batcher[tuple[int, int, int]] = Batcher(WAIT_NS)
    now_ns, gone = 0, []
    for number, (model, gap_ns) in enumerate(arrivals):
        batcher.add((model, number, now_ns), model=model, limit=limit, now_ns=now_ns)
        end_ns = now_ns + gap_ns
        # A device that looks whenever something becomes due.
        while (due_ns := batcher.due_ns()) is not None:
            batch = batcher.take(now_ns, more=True)
            gone += batch
            assert len({one[0] for one in batch}) <= 1
            assert len(batch) <= limit
            assert all(now_ns - since_ns <= WAIT_NS for _, _, since_ns in batch)
            if not batch and due_ns > end_ns:
                break
            if not batch:
                now_ns = max(now_ns, due_ns)
        now_ns = end_ns
    while batch := batcher.take(now_ns, more=False):
        gone += batch
    assert sorted(number for _, number, _ in gone) == list(range(len(arrivals)))
    for model in range(3):
        numbers = [number for one, number, _ in gone if one == model]
        assert numbers == sorted(numbers)
