"""The workers of a device: turns between streams, and faults that they live through."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.domain.errors import ConfigurationError, EngineError
from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.domain.model import TensorSpec
from edgeserve.domain.request import DetectOptions, Policy, StreamOptions
from edgeserve.domain.result import ErrorCode, FrameResult, Status
from edgeserve.engines.fake import FakeEngine, FakeRequest
from edgeserve.pipeline.admission import Caller, FrameStream
from edgeserve.pipeline.budget import Budget
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.lane import Lane
from edgeserve.pipeline.options import PipelineOptions
from edgeserve.pipeline.selection import select
from tests import fakes
from tests.pipeline.harness import Feeder, Watcher, frame

if TYPE_CHECKING:
    from tests.pipeline.conftest import Benches

BLOCK = StreamOptions(policy=Policy.BLOCK, queue_size=20)


def standing_clock() -> int:
    """On which nothing takes any time, so that all frames cost the same."""
    return 0


def test_streams_whose_frames_cost_the_same_take_turns(bench: Benches) -> None:
    made = bench(clock=standing_clock)
    first, second, third = made.open(BLOCK), made.open(BLOCK), made.open(BLOCK)
    first.submit(0)
    made.inferences.wait_for(0)
    first.submit(1, 2, 3, 4)
    second.submit(11, 12)
    third.submit(21, 22, 23)
    made.inferences.release_all()
    first.collect(5)
    second.collect(2)
    third.collect(3)
    assert made.inferences.started == [0, 1, 11, 21, 2, 12, 22, 3, 23, 4]


def test_a_stream_that_comes_late_does_not_wait_for_the_queue_of_another(bench: Benches) -> None:
    made = bench(clock=standing_clock)
    busy = made.open(BLOCK)
    busy.submit(*range(10))
    made.inferences.wait_for(0)
    late = made.open(StreamOptions())
    late.submit(100)
    made.inferences.release(0, 1)
    made.inferences.wait_for(100)
    assert made.inferences.started == [0, 1, 100]


def test_a_worker_survives_what_an_engine_throws(
    bench: Benches,
    caplog: pytest.LogCaptureFixture,
) -> None:
    faults = {1: EngineError("the device was lost"), 2: ZeroDivisionError("secret detail")}
    made = bench(faults=faults)
    made.inferences.release_all()
    feeder = made.open(BLOCK)
    with caplog.at_level(logging.ERROR):
        feeder.submit(0, 1, 2, 3)
        results = feeder.collect(4)
    assert [result.status for result in results] == [
        Status.OK,
        Status.ERROR,
        Status.ERROR,
        Status.OK,
    ]
    assert results[1].error_code is ErrorCode.ENGINE_FAILED
    assert results[1].message == "the device was lost"
    # A fault of ours goes to the log with its traceback, and not to the client.
    assert results[2].error_code is ErrorCode.INTERNAL
    assert "secret" not in results[2].message
    lost, record = caplog.records
    assert (lost.getMessage(), lost.exc_info) == (
        "frame 1: the inference failed: the device was lost",
        None,
    )
    assert "frame 2" in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (EncodedFrame(7, b"no picture"), ErrorCode.INVALID_IMAGE),
        (EncodedFrame(7, fakes.jpeg()[:100]), ErrorCode.INVALID_IMAGE),
        (EncodedFrame(7, bytes(9), Encoding.BGR, 4, 4), ErrorCode.INVALID_IMAGE),
        (EncodedFrame(7, b"", Encoding.GRAY, 2000, 1000), ErrorCode.TOO_MANY_PIXELS),
    ],
)
def test_a_bad_frame_is_its_own_error(bench: Benches, bad: EncodedFrame, code: ErrorCode) -> None:
    made = bench()
    made.inferences.release_all()
    feeder = made.open(BLOCK)
    feeder.stream.submit(bad)
    feeder.submit(8)
    failed, found = feeder.collect(2)
    assert (failed.frame_id, failed.status, failed.error_code) == (7, Status.ERROR, code)
    assert failed.message
    assert found.status is Status.OK
    assert made.inferences.started == [8]


def test_an_engine_that_gives_no_request_is_an_error_of_the_frame(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Scarce(FakeEngine):
        """Has no memory for a request, at first."""

        def create_request(self) -> FakeRequest:
            if refusals:
                raise refusals.pop(0)
            return super().create_request()

    refusals: list[Exception] = [EngineError("out of device memory"), MemoryError()]
    good = fakes.detector().engine
    engine = Scarce(good.input, good.outputs, fakes.one_object)
    detector = Detector(fakes.model_spec(), engine, max_pixels=1000)
    watcher = Watcher()
    lane = Lane("fake:CPU", 1, watcher)
    feeder = Feeder(
        lambda notify: FrameStream(
            lane,
            detector,
            BLOCK,
            PipelineOptions(),
            caller=Caller("test"),
            budget=Budget(1 << 20, watcher),
            observer=watcher,
            on_change=notify,
        ),
    )
    feeder.submit(0, 1, 2)
    results = feeder.collect(3)
    lane.close()
    codes = [result.error_code for result in results]
    assert codes == [ErrorCode.ENGINE_FAILED, ErrorCode.INTERNAL, None]
    assert results[0].message == "out of device memory"
    assert "frame 1" in caplog.text


def test_frames_in_flight_rise_and_fall(bench: Benches) -> None:
    made = bench(workers=2, faults={1: EngineError("lost")})
    feeder = made.open(BLOCK)
    feeder.submit(0, 1, 2)
    made.inferences.wait_for(0, 1)
    assert made.watcher.working == [1, 1]
    made.inferences.release_all()
    feeder.collect(3)
    made.watcher.wait_for_calm(3)
    assert sum(made.watcher.working) == 0


def test_close_ends_the_workers_after_the_frame_that_runs(bench: Benches) -> None:
    made = bench(workers=2)
    feeder = made.open(StreamOptions())
    feeder.submit(0)
    made.inferences.wait_for(0)
    closing = threading.Thread(target=made.models.close)
    closing.start()
    made.inferences.release(0)
    closing.join(timeout=60)
    assert not closing.is_alive()
    assert not any(thread.name.startswith("lane-fake:CPU") for thread in threading.enumerate())
    assert [result.status for result in feeder.collect(1)] == [Status.OK]


def test_a_result_says_what_where_and_how_long(bench: Benches) -> None:
    made = bench()
    made.inferences.release_all()
    feeder = made.open(BLOCK)
    arrival = frame(0)
    feeder.stream.submit(
        EncodedFrame(5, fakes.jpeg(width_px=128, height_px=96), arrival_ns=arrival.arrival_ns),
    )
    (result,) = feeder.collect(1)
    assert (result.frame_id, result.status) == (5, Status.OK)
    assert (result.model, result.version, result.device) == ("fake", "1", "fake:CPU")
    assert (result.width_px, result.height_px) == (128, 96)
    assert result.labels == ("car",)
    assert result.detections.class_ids.tolist() == [1]
    # In the model (-4, -4) to (12, 12), and 8 px of padding above; the picture is twice as large.
    np.testing.assert_allclose(result.detections.boxes_xyxy, [[0, 0, 24, 8]], atol=1e-4)
    stages = result.stages
    parts_us = (
        stages.queue_us,
        stages.decode_us,
        stages.preprocess_us,
        stages.infer_us,
        stages.postprocess_us,
    )
    assert min(parts_us) >= 0
    assert sum(parts_us) <= result.latency_us


@pytest.mark.parametrize("size_px", [(512, 384), (515, 387)])
def test_boxes_of_a_picture_decoded_at_a_fraction_are_in_its_own_pixels(
    size_px: tuple[int, int],
) -> None:
    plain = fakes.detector()
    found = [
        Detector(plain.spec, plain.engine, max_pixels=1_000_000, reduced_decode=reduced)
        .create_worker()
        .run(EncodedFrame(0, fakes.jpeg(*size_px)), select(plain.spec, DetectOptions()))
        for reduced in (False, True)
    ]
    assert [(one.width_px, one.height_px) for one in found] == [size_px, size_px]
    full, reduced = (one.detections.boxes_xyxy for one in found)
    assert len(full) == 1
    np.testing.assert_array_equal(reduced, full)


def test_each_stream_gets_what_it_asked_for(bench: Benches) -> None:
    made = bench()
    made.inferences.release_all()
    people = made.open(StreamOptions(DetectOptions(labels=("person",)), Policy.BLOCK))
    cars = made.open(StreamOptions(DetectOptions(labels=("car",)), Policy.BLOCK))
    nothing = made.open(StreamOptions(DetectOptions(score_threshold=1.0), Policy.BLOCK))

    def labels(feeder: Feeder) -> tuple[str, ...]:
        feeder.submit(1)
        result: FrameResult = feeder.collect(1)[0]
        return result.labels

    assert [labels(feeder) for feeder in (people, cars, nothing)] == [(), ("car",), ()]


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        (TensorSpec("images", (1, 64, 64, 3), "float32"), "the file has float32 [1, 64, 64, 3]"),
        (TensorSpec("images", (1, 3, 64, 64), "uint8"), "the file has uint8 [1, 3, 64, 64]"),
        (TensorSpec("images", (-1, 32, -1, 3), "uint8"), "the file has uint8 [-1, 32, -1, 3]"),
        (TensorSpec("images", (2, 64, 64, 3), "uint8"), "the file has uint8 [2, 64, 64, 3]"),
    ],
)
def test_a_detector_refuses_an_engine_with_another_input(tensor: TensorSpec, said: str) -> None:
    outputs = fakes.detector().engine.outputs
    engine = FakeEngine(tensor, outputs, fakes.one_object)
    with pytest.raises(ConfigurationError, match="the manifest says input uint8") as refusal:
        Detector(fakes.model_spec(), engine, max_pixels=1)
    assert said in str(refusal.value)
