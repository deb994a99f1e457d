"""Results in the order of their frames."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from edgeserve.domain.result import FrameResult, Status
from edgeserve.pipeline.ordering import ResultOrder


@settings(deadline=None)
@given(st.permutations(range(12)), st.sets(st.integers(0, 11)))
def test_any_order_in_frame_order_out(arrivals: list[int], looks: set[int]) -> None:
    order, sent, arrived = ResultOrder(), list[int](), set[int]()
    for step, number in enumerate(arrivals):
        ready = order.put(number, FrameResult(number, Status.OK))
        arrived.add(number)
        # Ready is what no gap holds back, less what was taken already.
        gapless = next(n for n in range(13) if n not in arrived)
        assert ready == (gapless > len(sent))
        if step in looks:
            sent += [result.frame_id for result in order.take()]
            assert sent == list(range(gapless))
            assert order.take() == []
    sent += [result.frame_id for result in order.take()]
    assert sent == list(range(12))
