"""A thread with a bounded queue."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from edgeserve.sinks.worker import Worker
from tests.waiting import wait_until

if TYPE_CHECKING:
    import pytest


class Receiver:
    """Takes items when the test lets it."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.entered = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def __call__(self, item: int) -> bool:
        self.entered.release()
        assert self.go.acquire(timeout=60)
        self.taken.append(item)
        return True


def test_items_arrive_in_order_and_the_rest_is_delivered_at_the_end() -> None:
    taken: list[int] = []

    def take(item: int) -> bool:
        taken.append(item)
        return True

    worker = Worker("test", 1000, take)
    worker.start()
    for item in range(500):
        worker.put(item)
    assert worker.close(60)
    assert taken == list(range(500))
    assert worker.counts().delivered == 500


def test_a_full_queue_drops_the_oldest_and_counts_it() -> None:
    receiver = Receiver()
    worker = Worker("test", 3, receiver)
    worker.start()
    worker.put(0)
    assert receiver.entered.acquire(timeout=60)
    for item in range(1, 11):
        worker.put(item)  # returns at once: nobody takes
    assert worker.counts().waiting == 3
    assert worker.counts().dropped == 7
    receiver.go.release(20)
    assert worker.close(60)
    assert receiver.taken == [0, 8, 9, 10]


def test_nothing_is_taken_after_the_end() -> None:
    worker: Worker[int] = Worker("test", 3, lambda _: True)
    worker.start()
    worker.close(60)
    worker.put(1)
    assert worker.counts().dropped == 1
    assert worker.counts().waiting == 0


def test_what_cannot_be_delivered_in_time_is_dropped() -> None:
    def hang(_: int) -> bool:
        return not worker.ending.wait(60)

    worker = Worker("test", 5, hang)
    worker.start()
    for item in range(3):
        worker.put(item)
    wait_until(lambda: worker.counts().waiting == 2, "the first item is taken")
    assert worker.close(0)
    assert (worker.counts().failed, worker.counts().dropped) == (1, 2)


def test_a_sink_in_trouble_is_not_waited_for() -> None:
    def fail(_: int) -> bool:
        worker.trouble("it does not answer")
        return not worker.ending.wait(60)

    worker = Worker("test", 5, fail)
    worker.start()
    for item in range(3):
        worker.put(item)
    wait_until(lambda: worker.counts().waiting == 2, "the first item is taken")
    assert worker.close(3600)
    assert worker.counts().dropped == 2


def test_a_fault_costs_one_item_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    def take(item: int) -> bool:
        if item == 1:
            raise ValueError(item)
        return True

    worker = Worker("test", 5, take)
    worker.start()
    for item in range(3):
        worker.put(item)
    worker.close(60)
    counts = worker.counts()
    assert (counts.delivered, counts.failed) == (2, 1)
    assert "could not be delivered" in caplog.text


def test_trouble_and_its_end_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    worker: Worker[int] = Worker("test", 5, lambda _: True)
    worker.well()
    for _ in range(3):
        worker.trouble("gone")
    worker.well()
    worker.well()
    assert [record.getMessage() for record in caplog.records] == ["test: gone", "test: works again"]
