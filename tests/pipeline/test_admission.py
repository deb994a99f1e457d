"""Which frames of a stream wait, which give way, and the order of the results."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from edgeserve.domain.errors import TooManyBytesError
from edgeserve.domain.request import Policy, StreamOptions
from edgeserve.domain.result import DropReason, ErrorCode, FrameResult, Status
from edgeserve.pipeline.budget import Budget
from edgeserve.pipeline.configuration import Configuration
from edgeserve.pipeline.observer import NullObserver
from edgeserve.pipeline.options import PipelineOptions
from edgeserve.pipeline.scheduler import Scheduler
from tests import fakes
from tests.pipeline.harness import frame
from tests.pipeline.virtual import MS, VirtualLane, Work, open_stream

if TYPE_CHECKING:
    from tests.pipeline.conftest import Benches

LATEST = StreamOptions(policy=Policy.LATEST)
BLOCK = StreamOptions(policy=Policy.BLOCK, queue_size=20)
MINUTE_MS = 60_000
HOUR_NS = 3600 * 10**9


def fates(results: list[FrameResult]) -> list[tuple[int, str]]:
    """Each frame's number, and OK or why not."""
    return [
        (result.frame_id, (result.drop_reason or result.error_code or result.status).value)
        for result in results
    ]


def test_latest_replaces_the_frame_that_waits(bench: Benches) -> None:
    made = bench()
    feeder = made.open(LATEST)
    feeder.submit(0)
    made.inferences.wait_for(0)
    feeder.submit(1, 2, 3)
    # Known already, and held back: their turn to be sent has not come.
    made.watcher.wait_for_results(2)
    assert feeder.stream.take() == []
    made.inferences.release_all()
    results = feeder.collect(4)
    assert fates(results) == [(0, "OK"), (1, "replaced"), (2, "replaced"), (3, "OK")]
    assert made.inferences.started == [0, 3]
    assert results[1].status is Status.DROPPED
    assert len(results[1].detections) == 0


def test_queue_drops_its_oldest(bench: Benches) -> None:
    made = bench()
    feeder = made.open(StreamOptions(policy=Policy.QUEUE, queue_size=2))
    feeder.submit(0)
    made.inferences.wait_for(0)
    feeder.submit(1, 2, 3, 4)
    made.inferences.release_all()
    expected = [(0, "OK"), (1, "queue_full"), (2, "queue_full"), (3, "OK"), (4, "OK")]
    assert fates(feeder.collect(5)) == expected
    assert made.inferences.started == [0, 3, 4]


def test_a_queue_that_names_no_size_gets_the_servers(bench: Benches) -> None:
    made = bench(limits=PipelineOptions(queue_size=3))
    feeder = made.open(StreamOptions(policy=Policy.QUEUE))
    feeder.submit(0)
    made.inferences.wait_for(0)
    feeder.submit(1, 2, 3, 4)
    made.inferences.release_all()
    assert fates(feeder.collect(5)) == [
        (0, "OK"),
        (1, "queue_full"),
        (2, "OK"),
        (3, "OK"),
        (4, "OK"),
    ]


def test_block_drops_nothing_and_is_full_until_an_answer_went_out(bench: Benches) -> None:
    made = bench()
    feeder = made.open(StreamOptions(policy=Policy.BLOCK, queue_size=3))
    assert feeder.stream.idle
    feeder.submit(0, 1)
    assert not feeder.stream.full
    feeder.submit(2)
    assert feeder.stream.full
    made.inferences.release_all()
    assert fates(feeder.collect(3)) == [(0, "OK"), (1, "OK"), (2, "OK")]
    # Results that are taken and not yet sent still hold the reader.
    assert feeder.stream.full
    feeder.stream.answered()
    assert not feeder.stream.full
    assert not feeder.stream.idle
    feeder.stream.answered()
    feeder.stream.answered()
    assert feeder.stream.idle


def test_block_without_a_size_is_full_at_the_servers(bench: Benches) -> None:
    made = bench(limits=PipelineOptions(queue_size=2))
    feeder = made.open(StreamOptions(policy=Policy.BLOCK))
    feeder.submit(0)
    assert not feeder.stream.full
    feeder.submit(1)
    assert feeder.stream.full


@pytest.mark.parametrize("policy", [Policy.LATEST, Policy.QUEUE])
def test_a_client_that_reads_no_results_makes_any_stream_full(
    bench: Benches,
    policy: Policy,
) -> None:
    made = bench(limits=PipelineOptions(max_unsent_results=5))
    made.inferences.release_all()
    feeder = made.open(StreamOptions(policy=policy, queue_size=2))
    for number in range(5):
        assert not feeder.stream.full
        feeder.submit(number)
    made.watcher.wait_for_results(5)
    assert feeder.stream.full
    feeder.collect(5)
    assert feeder.stream.full
    feeder.stream.answered()
    assert not feeder.stream.full


def test_a_frame_that_waited_too_long_is_dropped_when_its_turn_comes(bench: Benches) -> None:
    made = bench()
    made.inferences.release_all()
    feeder = made.open(StreamOptions(policy=Policy.BLOCK, queue_size=9, max_age_ms=MINUTE_MS))
    long_ago = time.monotonic_ns() - HOUR_NS
    for number, arrival_ns in enumerate([None, long_ago, long_ago, None, long_ago]):
        feeder.stream.submit(frame(number, arrival_ns=arrival_ns))
    results = feeder.collect(5)
    assert [number for number, fate in fates(results) if fate == "OK"] == [0, 3]
    assert {fate for number, fate in fates(results) if number in {1, 2, 4}} == {"expired"}
    assert made.inferences.started == [0, 3]
    # Latency is told of dropped frames too: that is how long they waited in vain.
    assert results[1].latency_us * 1000 >= HOUR_NS


def test_no_max_age_is_no_limit(bench: Benches) -> None:
    made = bench()
    made.inferences.release_all()
    feeder = made.open(BLOCK)
    feeder.stream.submit(frame(0, arrival_ns=time.monotonic_ns() - HOUR_NS))
    assert fates(feeder.collect(1)) == [(0, "OK")]


@pytest.mark.parametrize("synchronised", [True, False])
def test_age_counts_from_capture_only_where_the_clocks_agree(
    bench: Benches,
    synchronised: bool,  # noqa: FBT001 - pytest passes it
) -> None:
    made = bench()
    made.inferences.release_all()
    options = StreamOptions(
        policy=Policy.BLOCK,
        max_age_ms=MINUTE_MS,
        clock_synchronised=synchronised,
    )
    feeder = made.open(options)
    now_ns = time.time_ns()
    feeder.stream.submit(frame(0, capture_time_unix_ns=now_ns - HOUR_NS))
    feeder.stream.submit(frame(1, capture_time_unix_ns=now_ns))
    feeder.stream.submit(frame(2, capture_time_unix_ns=now_ns + HOUR_NS))
    feeder.stream.submit(frame(3))
    feeder.stream.submit(frame(4, arrival_ns=time.monotonic_ns() - HOUR_NS))
    results = feeder.collect(5)
    first = "expired" if synchronised else "OK"
    expected = [(0, first), (1, "OK"), (2, "OK"), (3, "OK"), (4, "expired")]
    assert fates(results) == expected
    # A capture time in the future is an age of nothing, not a negative one.
    ages = [result.age_us for result in results[1:]]
    if synchronised:
        assert ages[0] is not None
        assert ages[1:] == [0, None, None]
    else:
        assert ages == [None] * 4


def test_results_keep_the_order_of_frames_that_end_in_another(bench: Benches) -> None:
    made = bench(workers=2)
    feeder = made.open(BLOCK)
    feeder.submit(0, 1, 2)
    made.inferences.wait_for(0, 1)
    made.inferences.release(1)
    made.inferences.wait_for(2)
    made.inferences.release(2)
    made.watcher.wait_for_results(2)
    assert [result.frame_id for result in made.watcher.finished] == [1, 2]
    assert feeder.stream.take() == []
    made.inferences.release(0)
    assert fates(feeder.collect(3)) == [(0, "OK"), (1, "OK"), (2, "OK")]


def test_many_workers_and_frames_keep_the_order(bench: Benches) -> None:
    made = bench(workers=4)
    made.inferences.release_all()
    feeder = made.open(StreamOptions(policy=Policy.BLOCK, queue_size=200))
    feeder.submit(*range(200))
    assert [result.frame_id for result in feeder.collect(200)] == list(range(200))


def test_a_refused_frame_is_answered_in_its_place(bench: Benches) -> None:
    made = bench()
    feeder = made.open(BLOCK)
    feeder.submit(0)
    feeder.stream.reject(1, time.monotonic_ns(), TooManyBytesError("2 bytes; the limit is 1"))
    feeder.submit(2)
    made.inferences.wait_for(0)
    assert feeder.stream.take() == []
    made.inferences.release_all()
    results = feeder.collect(3)
    assert fates(results) == [(0, "OK"), (1, "too_many_bytes"), (2, "OK")]
    assert results[1].error_code is ErrorCode.TOO_MANY_BYTES
    assert results[1].message == "2 bytes; the limit is 1"
    assert made.watcher.received == 3


def test_shed_answers_what_waits_and_lets_the_running_frame_end(bench: Benches) -> None:
    made = bench()
    feeder = made.open(BLOCK)
    feeder.submit(0, 1, 2)
    made.inferences.wait_for(0)
    feeder.stream.shed(DropReason.SHUTDOWN)
    made.inferences.release_all()
    assert fates(feeder.collect(3)) == [(0, "OK"), (1, "shutdown"), (2, "shutdown")]
    assert made.inferences.started == [0]


def test_frames_past_the_deadline_are_dropped_under_every_policy() -> None:
    for policy in Policy:
        scheduler = Scheduler({Configuration.THROUGHPUT: 1}, Configuration.THROUGHPUT)
        lane = VirtualLane(scheduler)
        options = StreamOptions(policy=policy, queue_size=5)
        stream = open_stream(lane, fakes.detector(), options, deadline_ns=100 * MS)
        lane.clock_ns = 99 * MS
        stream.submit(frame(1, arrival_ns=lane.clock_ns))
        in_time = scheduler.take()
        assert in_time is not None
        Work(in_time, lane.clock_ns).finish(lane)
        stream.submit(frame(2, arrival_ns=lane.clock_ns))
        lane.clock_ns = 100 * MS
        assert scheduler.take() is None
        assert fates(stream.take()) == [(1, "OK"), (2, "expired")]


def test_memory_for_all_streams_bounds_what_waits() -> None:
    scheduler = Scheduler({Configuration.THROUGHPUT: 1}, Configuration.THROUGHPUT)
    lane, budget = VirtualLane(scheduler), Budget(150, NullObserver())
    detector = fakes.detector()  # frames below have 64 bytes
    queue = StreamOptions(policy=Policy.QUEUE, queue_size=5)
    first, second, third = (
        open_stream(lane, detector, options, budget=budget) for options in (queue, queue, BLOCK)
    )
    first.submit(frame(1))
    first.submit(frame(2))
    # The stream's own oldest gives way; one that has none loses the new one.
    first.submit(frame(3))
    assert fates(first.take()) == [(1, "queue_full")]
    second.submit(frame(4))
    assert fates(second.take()) == [(4, "queue_full")]
    # BLOCK loses nothing: it is read one frame at a time.
    third.submit(frame(5))
    assert third.full
    assert budget.used_bytes == 3 * 64
    for stream in (first, second, third):
        stream.close()
    assert budget.used_bytes == 0
    assert scheduler.take() is None


def test_close_forgets_what_waits_and_discards_what_runs(bench: Benches) -> None:
    made = bench()
    feeder, other = made.open(BLOCK), made.open(BLOCK)
    feeder.submit(0, 1, 2)
    made.inferences.wait_for(0)
    feeder.stream.close()
    assert made.watcher.discarded == 3
    assert made.watcher.open_streams == 1
    made.inferences.release_all()
    # The lane goes on with others; what ran in between is this stream's only.
    other.submit(9)
    assert fates(other.collect(1)) == [(9, "OK")]
    assert made.inferences.started == [0, 9]
    assert feeder.stream.take() == []
    assert [result.frame_id for result in made.watcher.finished] == [9]


def test_close_counts_once_and_not_what_was_answered(bench: Benches) -> None:
    made = bench()
    feeder = made.open(BLOCK)
    feeder.submit(0, 1)
    made.inferences.release(0)
    feeder.collect(1)
    made.inferences.wait_for(1)
    feeder.stream.close()
    feeder.stream.close()
    assert made.watcher.discarded == 1
    assert made.watcher.open_streams == 0
    # A source in a thread of its own may be late by a frame.
    feeder.submit(2)
    assert not feeder.stream.waiting
    assert (made.watcher.received, made.watcher.discarded) == (3, 2)


def test_every_frame_read_is_finished_or_discarded(bench: Benches) -> None:
    made = bench(workers=2)
    policies = (LATEST, StreamOptions(policy=Policy.QUEUE, queue_size=2), BLOCK)
    feeders = [made.open(options) for options in policies]
    for feeder in feeders:
        feeder.submit(*range(8))
        feeder.stream.reject(99, time.monotonic_ns(), TooManyBytesError("too large"))
    made.inferences.wait_for_any(2)
    feeders[2].stream.close()
    made.inferences.release_all()
    for feeder in feeders[:2]:
        assert [result.frame_id for result in feeder.collect(9)] == [*range(8), 99]
        feeder.stream.close()
    assert made.watcher.received == 27
    assert len(made.watcher.finished) + made.watcher.discarded == 27
    assert made.watcher.open_streams == 0
