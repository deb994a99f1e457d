"""Models change under running streams: no frame is lost, doubled, or run where it should not."""

from __future__ import annotations

import gc
import threading
import weakref
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from edgeserve.domain.errors import ModelNotFoundError, ModelNotReadyError
from edgeserve.domain.request import DetectOptions, Policy, StreamOptions
from edgeserve.domain.result import ErrorCode, Status
from edgeserve.domain.status import ModelStatus
from edgeserve.pipeline.configuration import Configuration
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.lane import Lane
from edgeserve.pipeline.observer import NullObserver
from edgeserve.pipeline.options import PipelineOptions
from edgeserve.pipeline.served import ServedModel, ServedModels
from edgeserve.pipeline.staged import StagedLane
from tests import fakes
from tests.pipeline.harness import PATIENCE_S, Feeder, Inferences
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgeserve.engines.protocol import Engine
    from edgeserve.pipeline.feed import DeviceLane

BLOCK = StreamOptions(policy=Policy.BLOCK, queue_size=100)


def fused() -> DeviceLane:
    return Lane("fake:CPU", 2, NullObserver())


def staged() -> DeviceLane:
    return StagedLane("fake:CPU", 2, PipelineOptions(batch_wait_ms=0), NullObserver())


@pytest.fixture(params=[fused, staged])
def make_lane(request: pytest.FixtureRequest) -> Callable[[], DeviceLane]:
    """Either kind of lane."""
    made: Callable[[], DeviceLane] = request.param
    return made


def version(
    number: str, lane: DeviceLane, answer: fakes.Answer = fakes.one_object, name: str = "m"
) -> ServedModel:
    """A model that serves, with its version in its results."""
    spec = replace(fakes.model_spec(), name=name, version=number)
    detector = Detector(spec, fakes.detector(answer).engine, max_pixels=1_000_000)
    lane.add(detector)
    return ServedModel(ModelStatus(name, number, ready=True), detector, lane)


@contextmanager
def serving(*models: ServedModel) -> Iterator[ServedModels]:
    served = ServedModels(models, PipelineOptions(), NullObserver())
    del models  # a test looks whether anybody holds on to one
    try:
        yield served
    finally:
        served.close()


def open_stream(models: ServedModels, options: StreamOptions = BLOCK) -> Feeder:
    return Feeder(lambda notify: models.open_stream(options, source="test", on_change=notify))


def pinned(number: str) -> StreamOptions:
    return replace(BLOCK, detect=DetectOptions(model="m", version=number))


@contextmanager
def in_background(work: Callable[[], None]) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=work)
    thread.start()
    yield thread
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_frames_that_wait_go_to_the_new_version_and_one_in_work_ends_on_the_old() -> None:
    lane, held = Lane("fake:CPU", 1, NullObserver()), Inferences()
    old, new = version("1", lane, held), version("2", lane)
    with serving(old) as models:
        feeder = open_stream(models)
        feeder.submit(0, 1, 2)
        held.wait_for(0)
        with in_background(lambda: models.replace([new])) as swap:
            wait_until(lambda: feeder.stream.detector is new.detector)
            feeder.submit(3)
            assert swap.is_alive(), "the old version has a frame in work"
            held.release_all()
        results = feeder.collect(4)
        assert [result.frame_id for result in results] == [0, 1, 2, 3]
        assert [result.version for result in results] == ["1", "2", "2", "2"]
        assert held.started == [0]


def test_frames_that_wait_move_to_another_device() -> None:
    first, second, held = fused(), Lane("fake:GPU", 1, NullObserver()), Inferences()
    with serving(version("1", first, held)) as models:
        feeder = open_stream(models)
        feeder.submit(0, 1, 2, 3)
        held.wait_for(0, 1)
        with in_background(lambda: models.replace([version("2", second)])):
            wait_until(lambda: feeder.stream.detector.spec.version == "2")
            held.release_all()
        feeder.submit(4)
        results = feeder.collect(5)
    assert [result.frame_id for result in results] == [0, 1, 2, 3, 4]
    assert [result.version for result in results] == ["1", "1", "2", "2", "2"]


def test_under_swaps_between_two_devices_frames_in_are_results_out() -> None:
    lanes = [fused(), staged()]
    counts = 300
    with serving(version("0", lanes[0])) as models, ExitStack() as stack:
        feeders = [open_stream(models) for _ in range(4)]
        done = threading.Event()

        def swap() -> None:
            number = 0
            while not done.is_set():
                number += 1
                models.replace([version(str(number), lanes[number // 2 % 2])])

        def feed(feeder: Feeder) -> None:
            for number in range(counts):
                feeder.submit(number % 256)

        stack.enter_context(in_background(swap))
        stack.callback(done.set)
        for feeder in feeders:
            stack.enter_context(in_background(partial(feed, feeder)))
        for feeder in feeders:
            results = feeder.collect(counts)
            assert [result.frame_id for result in results] == [n % 256 for n in range(counts)]
            assert {result.status for result in results} == {Status.OK}
            versions = [int(result.version) for result in results]
            assert versions == sorted(versions)


def test_a_stream_that_names_a_version_keeps_it_while_it_serves() -> None:
    lane = fused()
    old, new = version("9", lane), version("10", lane)
    with serving(old) as models:
        newest, named = open_stream(models), open_stream(models, pinned("9"))
        models.replace([old, new])
        newest.submit(0)
        named.submit(0)
        assert newest.collect(1)[0].version == "10"
        assert named.collect(1)[0].version == "9"
        models.replace([new])
        named.submit(1)
        (refused,) = named.collect(1)
        assert refused.error_code is ErrorCode.MODEL_UNAVAILABLE
        assert refused.message == "this server has no model 'm:9'; it serves m:10"
        models.replace([new, version("9", lane)])
        named.submit(2)
        assert named.collect(1)[0].version == "9"


def test_frames_that_wait_are_answered_when_their_model_is_unloaded() -> None:
    lane, held = Lane("fake:CPU", 1, NullObserver()), Inferences()
    with serving(version("1", lane, held)) as models:
        feeder = open_stream(models)
        feeder.submit(0, 1, 2)
        held.wait_for(0)
        with in_background(lambda: models.replace([])):
            wait_until(lambda: not feeder.stream.waiting)
            held.release_all()
        statuses = [(result.frame_id, result.status) for result in feeder.collect(3)]
        assert statuses == [(0, Status.OK), (1, Status.ERROR), (2, Status.ERROR)]
        assert not models.ready
        with pytest.raises(ModelNotFoundError, match="no model 'm'; it serves none"):
            open_stream(models)


def test_a_stream_whose_label_the_new_version_lacks_is_told_so() -> None:
    lane = fused()
    wanted = replace(BLOCK, detect=DetectOptions(labels=("car",)))
    bare = version("2", lane)
    assert bare.detector is not None
    bare.detector.spec = replace(bare.detector.spec, labels=("person", "bus"))
    with serving(version("1", lane)) as models:
        feeder = open_stream(models, wanted)
        models.replace([bare])
        feeder.submit(0)
        (refused,) = feeder.collect(1)
        assert refused.error_code is ErrorCode.MODEL_UNAVAILABLE
        assert refused.message == "model m has no label 'car'; it has person, bus"


def test_a_model_out_of_service_loses_no_stream_when_another_changes() -> None:
    lane = fused()
    hanging = version("1", lane)
    assert hanging.detector is not None
    with serving(hanging) as models:
        feeder = open_stream(models)
        hanging.detector.out_of_service = "an inference takes too long"
        models.replace([hanging, version("1", lane, name="other")])
        with pytest.raises(ModelNotReadyError, match="an inference takes too long"):
            open_stream(models)
        hanging.detector.out_of_service = ""
        feeder.submit(0)
        assert feeder.collect(1)[0].status is Status.OK


def test_a_version_that_could_not_be_loaded_takes_no_stream() -> None:
    lane = fused()
    broken = ServedModel(ModelStatus("m", "2", ready=False, reason="sha256"))
    with serving(version("1", lane), broken) as models:
        feeder = open_stream(models)
        feeder.submit(0)
        assert feeder.collect(1)[0].version == "1"
        assert [status.is_default for status in models.statuses()] == [True, False]
        assert models.ready_by_name() == {"m": True}
        assert not models.ready


def test_a_model_that_left_is_free_at_once_without_another_frame(
    make_lane: Callable[[], DeviceLane],
) -> None:
    lane = make_lane()
    new = version("2", lane)
    with serving(version("1", lane)) as models:
        feeder = open_stream(models)
        feeder.submit(*range(20))
        feeder.collect(20)
        old = weakref.ref(feeder.stream.detector)
        gc.disable()
        try:
            models.replace([new])
            # The last thread is on its way to wait for its next frame.
            wait_until(lambda: old() is None, "somebody holds on to the old model")
        finally:
            gc.enable()


def test_a_closed_stream_holds_on_to_nothing(make_lane: Callable[[], DeviceLane]) -> None:
    lane = make_lane()
    new = version("2", lane)
    with serving(version("1", lane)) as models:
        feeder = open_stream(models)
        feeder.submit(0)
        feeder.collect(1)
        old = weakref.ref(feeder.stream.detector)
        feeder.stream.close()
        gc.disable()
        try:
            del feeder
            models.replace([new])
            wait_until(lambda: old() is None, "a closed stream holds on to its model")
        finally:
            gc.enable()


def test_a_model_that_comes_is_compiled_for_all_that_its_device_uses() -> None:
    compiled: list[tuple[str, Configuration]] = []

    def detector(name: str) -> Detector:
        def compile_engine(configuration: Configuration) -> Engine:
            compiled.append((name, configuration))
            return fakes.detector().engine

        return Detector(
            fakes.model_spec(),
            fakes.detector().engine,
            max_pixels=1_000_000,
            configuration=Configuration.LATENCY,
            compile_engine=compile_engine,
        )

    lane = Lane("fake:CPU", 2, NullObserver(), configuration=Configuration.LATENCY, switches=True)
    try:
        lane.add(detector("first"))
        assert compiled == []
        lane._compile(Configuration.THROUGHPUT)
        lane.add(detector("second"))
        assert compiled == [
            ("first", Configuration.THROUGHPUT),
            ("second", Configuration.THROUGHPUT),
        ]
    finally:
        lane.close()
