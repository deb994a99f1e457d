"""Inferences that hang: answered once, replaced, and in the end given up."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edgeserve.domain.errors import DeviceHungError, EngineError, ModelNotReadyError
from edgeserve.domain.request import Policy, StreamOptions
from edgeserve.domain.result import ErrorCode, Status
from edgeserve.domain.status import ModelStatus
from edgeserve.engines.fake import FakeEngine
from edgeserve.pipeline import watchdog
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.lane import Lane
from edgeserve.pipeline.options import PipelineOptions
from edgeserve.pipeline.served import ServedModel, ServedModels
from edgeserve.pipeline.watchdog import Watchdog
from tests import fakes
from tests.pipeline.harness import PATIENCE_S, Feeder, Inferences, Watcher
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

FOR_EVER_S = 1e6
SOON_S = 3.0


class Timeouts(Watcher):
    """Counts what the watchdog tells."""

    def __init__(self) -> None:
        super().__init__()
        self.timed_out: list[str] = []

    def inference_timed_out(self, model: str) -> None:
        self.timed_out.append(model)


class LeapingClock:
    """What the module `time` is to a process that is stopped and goes on."""

    def __init__(self) -> None:
        self.ahead_s = 0.0
        self.asked = 0
        self.monotonic_ns = time.monotonic_ns

    def monotonic(self) -> float:
        self.asked += 1
        return time.monotonic() + self.ahead_s


class Device:
    """Two models on a lane with one worker; the first hangs where the test holds it."""

    def __init__(self, timeout_s: float, grace_s: float) -> None:
        self.inferences, self.cancelled = Inferences(), threading.Event()
        self.hung: list[DeviceHungError] = []
        self.given_up = threading.Event()
        self.changes = threading.Semaphore(0)
        self.watcher = Timeouts()
        self.watchdog = Watchdog(
            timeout_s,
            grace_s,
            self.watcher,
            on_change=self.changes.release,
            on_hung=self._on_hung,
        )
        self.lane = Lane("fake:CPU", 1, self.watcher, self.watchdog)
        made = fakes.detector()
        hanging = FakeEngine(
            made.engine.input, made.engine.outputs, self.inferences, self.cancelled.set
        )
        self.hanging = Detector(fakes.model_spec(), hanging, max_pixels=1_000_000)
        good = Detector(replace(fakes.model_spec(), name="good"), made.engine, max_pixels=1_000_000)
        self.models = ServedModels(
            [
                ServedModel(ModelStatus("fake", "1", ready=True), self.hanging, self.lane),
                ServedModel(ModelStatus("good", "1", ready=True), good, self.lane),
            ],
            PipelineOptions(),
            self.watcher,
        )

    def open(self, model: str) -> Feeder:
        options = StreamOptions(policy=Policy.BLOCK)
        wanted = replace(options, detect=replace(options.detect, model=model))
        return Feeder(
            lambda notify: self.models.open_stream(wanted, source="test", on_change=notify)
        )

    def wait_for_change(self) -> None:
        assert self.changes.acquire(timeout=PATIENCE_S)

    def close(self) -> None:
        self.watchdog.close()
        self.inferences.release_all()
        self.lane.close()

    def _on_hung(self, error: DeviceHungError) -> None:
        self.hung.append(error)
        self.given_up.set()


@pytest.fixture
def device(request: pytest.FixtureRequest) -> Iterator[Device]:
    timeout_s, grace_s = request.param
    made = Device(timeout_s, grace_s)
    yield made
    made.close()


def with_times(timeout_s: float, grace_s: float) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("device", [(timeout_s, grace_s)], indirect=True)


@with_times(SOON_S, FOR_EVER_S)
def test_a_hanging_frame_and_those_behind_it_are_answered_in_order(device: Device) -> None:
    feeder = device.open("fake")
    feeder.submit(1, 2, 3)
    results = feeder.collect(3)
    assert [result.frame_id for result in results] == [1, 2, 3]
    assert {result.status for result in results} == {Status.ERROR}
    assert {result.error_code for result in results} == {ErrorCode.ENGINE_FAILED}
    assert "longer than 3 s (setting inference_timeout)" in results[0].message
    # The others were not even tried.
    assert device.inferences.started == [1]
    assert device.cancelled.wait(PATIENCE_S)
    assert device.watcher.timed_out == ["fake"]


@with_times(SOON_S, FOR_EVER_S)
def test_the_other_model_of_the_lane_goes_on_and_says_so(device: Device) -> None:
    device.open("fake").submit(1)
    device.wait_for_change()
    assert [status.ready for status in device.models.statuses()] == [False, True]
    assert not device.models.ready
    with pytest.raises(ModelNotReadyError, match="inference_timeout"):
        device.open("fake")
    feeder = device.open("good")
    feeder.submit(1, 2)
    assert [result.status for result in feeder.collect(2)] == [Status.OK] * 2


@with_times(SOON_S, FOR_EVER_S)
def test_a_model_whose_inference_ends_after_all_serves_again(device: Device) -> None:
    feeder = device.open("fake")
    feeder.submit(1)
    feeder.collect(1)
    device.wait_for_change()
    device.inferences.release_all()
    device.wait_for_change()
    assert device.models.ready
    # Its late result is nobody's: the stream goes on with the next frame.
    feeder.submit(2)
    (result,) = feeder.collect(1)
    assert (result.frame_id, result.status) == (2, Status.OK)
    assert len(device.watcher.finished) == 2
    assert not device.hung


@with_times(SOON_S, SOON_S)
def test_an_inference_that_stays_is_given_up_once(device: Device) -> None:
    device.open("fake").submit(1)
    assert device.given_up.wait(PATIENCE_S)
    (error,) = device.hung
    assert isinstance(error, EngineError)
    assert "of model fake on fake:CPU" in str(error)
    assert "could not be cancelled in 3 s" in str(error)


@with_times(0, 0)
def test_a_timeout_of_zero_waits(device: Device) -> None:
    feeder = device.open("fake")
    feeder.submit(1)
    device.inferences.wait_for(1)
    assert "watchdog" not in {thread.name for thread in threading.enumerate()}
    device.inferences.release_all()
    assert feeder.collect(1)[0].status is Status.OK


@with_times(60, 60)
def test_time_in_which_the_process_was_stopped_does_not_count(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = LeapingClock()
    monkeypatch.setattr(watchdog, "time", clock)
    feeder = device.open("fake")
    feeder.submit(1)
    device.inferences.wait_for(1)
    clock.ahead_s = FOR_EVER_S
    looks = clock.asked + 2
    wait_until(lambda: clock.asked >= looks, "two looks")
    device.inferences.release_all()
    (result,) = feeder.collect(1)
    assert result.status is Status.OK
    assert not device.hung


@with_times(60, 60)
def test_a_frame_that_ended_is_not_kept_and_nor_is_its_model(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = LeapingClock()
    monkeypatch.setattr(watchdog, "time", clock)
    feeder = device.open("fake")
    device.inferences.release(1)
    feeder.submit(1)
    feeder.collect(1)
    before = sys.getrefcount(device.hanging)
    feeder.submit(2)
    device.inferences.wait_for(2)
    looks = clock.asked + 2
    wait_until(lambda: clock.asked >= looks, "two looks")
    device.inferences.release(2)
    feeder.collect(1)
    wait_until(lambda: sys.getrefcount(device.hanging) <= before, "the frame to be forgotten")
