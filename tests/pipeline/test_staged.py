"""The lane of an accelerator, on the fake engine and on ONNX Runtime with an open batch axis."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import onnx

from edgeserve.catalog.repository import shipped_dir
from edgeserve.domain.errors import EngineError
from edgeserve.domain.frame import EncodedFrame
from edgeserve.domain.model import ModelFile
from edgeserve.domain.request import Policy, StreamOptions
from edgeserve.domain.result import DropReason, ErrorCode, Status
from edgeserve.engines.onnxruntime import OnnxRuntime
from edgeserve.engines.options import EngineOptions
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.lane import Lane
from edgeserve.pipeline.options import PipelineOptions
from edgeserve.pipeline.staged import StagedLane
from edgeserve.tooling.named_bundle import named_bundle
from tests import fakes
from tests.pipeline.harness import Feeder, Inferences, Watcher, frame
from tests.pipeline.virtual import open_stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pytest
    from numpy.typing import NDArray

    from edgeserve.pipeline.feed import DeviceLane

BLOCK = StreamOptions(policy=Policy.BLOCK, queue_size=100)
PATIENT = PipelineOptions(max_batch=4, batch_wait_ms=60_000)


class Batches(Watcher):
    """Remembers how many frames went together."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def batch(self, device: str, frames: int) -> None:
        assert device == "fake:CPU"
        self.sizes.append(frames)


class HeldBatches(Inferences):
    """Holds a whole batch until the number of its first frame is let go."""

    def __call__(self, tensor: NDArray[np.generic], /) -> Mapping[str, NDArray[np.float32]]:
        super().__call__(tensor)
        return fakes.one_object(tensor)


@contextmanager
def staged(
    watcher: Watcher,
    *,
    preparers: int = 2,
    options: PipelineOptions = PATIENT,
) -> Iterator[StagedLane]:
    lane = StagedLane("fake:CPU", preparers, options, watcher)
    yield lane
    lane.close()
    assert not any(thread.name.startswith("lane-fake:CPU") for thread in threading.enumerate())


def feeder(lane: DeviceLane, detector: Detector, options: StreamOptions = BLOCK) -> Feeder:
    lane.add(detector)
    return Feeder(lambda notify: open_stream(lane, detector, options, on_change=notify))


def test_frames_that_wait_for_a_busy_device_go_together() -> None:
    held, watcher = HeldBatches(), Batches()
    detector = fakes.detector(held, batch=-1)
    with staged(watcher) as lane:
        one = feeder(lane, detector)
        # Both device threads are held: what comes meanwhile is gathered.
        one.submit(0)
        held.wait_for(0)
        one.submit(1)
        held.wait_for(1)
        one.submit(*range(2, 12))
        held.release_all()
        results = one.collect(12)
    assert [result.frame_id for result in results] == list(range(12))
    assert {result.status for result in results} == {Status.OK}
    assert sum(watcher.sizes) == 12
    assert watcher.sizes[:2] == [1, 1]
    assert max(watcher.sizes) == 4
    assert sum(watcher.working) == 0


def test_a_frame_alone_is_not_held_for_company() -> None:
    watcher = Batches()
    detector = fakes.detector(batch=-1)
    with staged(watcher) as lane:
        one = feeder(lane, detector)
        for number in range(3):
            one.submit(number)
            # Its batch may wait for a minute, and nobody else is coming.
            (result,) = one.collect(1)
            assert result.status is Status.OK
            np.testing.assert_allclose(result.detections.boxes_xyxy, [[0, 0, 1.5, 1.5]], atol=1e-4)
    assert watcher.sizes == [1, 1, 1]


def test_a_model_that_takes_one_frame_gets_one() -> None:
    watcher = Batches()
    detector = fakes.detector()
    with staged(watcher) as lane:
        one = feeder(lane, detector)
        one.submit(*range(20))
        one.collect(20)
    assert watcher.sizes == [1] * 20


def test_of_a_model_that_takes_one_frame_few_are_prepared_ahead() -> None:
    held = HeldBatches()
    detector = fakes.detector(held)
    with staged(Batches()) as lane:
        one = feeder(lane, detector)
        one.submit(*range(20))
        held.wait_for_any(2)
        assert len(one.stream._queue) >= 17
        held.release_all()
        one.collect(20)


def test_models_never_share_a_batch() -> None:
    seen: list[tuple[str, set[int]]] = []

    def answer(name: str) -> fakes.Answer:
        def infer(tensor: NDArray[np.generic], /) -> Mapping[str, NDArray[np.float32]]:
            seen.append((name, {int(value) for value in tensor[:, 32, 32, 0]}))
            return fakes.one_object(tensor)

        return infer

    low, high = (fakes.detector(answer(name), batch=-1) for name in ("low", "high"))
    with staged(Batches()) as lane:
        first, second = feeder(lane, low), feeder(lane, high)
        first.submit(*range(30))
        second.submit(*range(100, 130))
        first.collect(30)
        second.collect(30)
    for name, numbers in seen:
        assert all((number >= 100) == (name == "high") for number in numbers)
    assert sum(len(numbers) for _, numbers in seen) == 60


def test_a_bad_frame_is_its_own_error_and_costs_its_neighbours_nothing() -> None:
    detector = fakes.detector(batch=-1)
    with staged(Batches()) as lane:
        one = feeder(lane, detector)
        one.submit(0)
        one.stream.submit(EncodedFrame(1, b"no picture"))
        one.submit(2)
        results = one.collect(3)
    assert [result.error_code for result in results] == [None, ErrorCode.INVALID_IMAGE, None]


def test_an_engine_that_fails_fails_the_batch_and_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    faults: list[Exception] = [EngineError("device lost"), ZeroDivisionError("secret")]

    def answer(tensor: NDArray[np.generic], /) -> Mapping[str, NDArray[np.float32]]:
        if faults:
            raise faults.pop(0)
        return fakes.one_object(tensor)

    detector = fakes.detector(answer, batch=-1)
    with staged(Batches()) as lane, caplog.at_level(logging.ERROR):
        one = feeder(lane, detector)
        results = []
        for number in range(3):
            one.submit(number)
            results += one.collect(1)
    codes = [result.error_code for result in results]
    assert codes == [ErrorCode.ENGINE_FAILED, ErrorCode.INTERNAL, None]
    lost, record = caplog.records
    assert lost.getMessage() == "frame 0: the inference failed: device lost"
    assert record.exc_info is not None


def test_what_is_prepared_ahead_is_bounded_and_the_rest_stays_fresh() -> None:
    held, watcher = HeldBatches(), Batches()
    detector = fakes.detector(held, batch=-1)
    options = PipelineOptions(max_batch=2, batch_wait_ms=60_000)
    with staged(watcher, options=options) as lane:
        block = feeder(lane, detector)
        block.submit(*range(20))
        latest = feeder(lane, detector, StreamOptions(policy=Policy.LATEST))
        held.wait_for_any(2)
        # Five places: two batches, and one frame that is being prepared.
        latest.submit(100)
        latest.submit(101, 102)
        latest.stream.shed(DropReason.SHUTDOWN)
        assert {result.status for result in latest.collect(3)} == {Status.DROPPED}
        assert len(block.stream._queue) >= 15
        held.release_all()
        block.collect(20)


def test_close_ends_with_what_is_in_work() -> None:
    held = HeldBatches()
    detector = fakes.detector(held, batch=-1)
    lane = StagedLane("fake:CPU", 1, PATIENT, Batches())
    one = feeder(lane, detector)
    one.submit(0)
    held.wait_for(0)
    closing = threading.Thread(target=lane.close)
    closing.start()
    held.release_all()
    closing.join(timeout=30)
    assert not closing.is_alive()
    assert [result.status for result in one.collect(1)] == [Status.OK]


def test_results_do_not_depend_on_the_lane(tmp_path: Path) -> None:
    """The shipped model with an open batch axis: staged in batches, and fused one by one."""
    spec = named_bundle("road-csp-tiny", shipped_dir()).spec
    source = next(file for file in spec.files if "onnxruntime" in file.runtimes)
    model = onnx.load(source.path)
    for port in [*model.graph.input, *model.graph.output]:
        port.type.tensor_type.shape.dim[0].dim_param = "N"
    del model.graph.value_info[:]
    path = tmp_path / "open.onnx"
    onnx.save(model, path)
    file = ModelFile(path, ("onnxruntime",), source.precision)
    engine = OnnxRuntime().load(file, "CPU", EngineOptions(threads=2))
    detector = Detector(replace(spec, files=(file,)), engine, max_pixels=1 << 20)
    pictures = [fakes.jpeg(320, 200 + 8 * number) for number in range(8)]

    def found(lane: DeviceLane) -> list[NDArray[np.float32]]:
        options = StreamOptions(
            replace(BLOCK.detect, score_threshold=0.05), Policy.BLOCK, queue_size=100
        )
        one = feeder(lane, detector, options)
        for number, picture in enumerate(pictures):
            one.stream.submit(EncodedFrame(number, picture, arrival_ns=frame(0).arrival_ns))
        return [result.detections.boxes_xyxy for result in one.collect(len(pictures))]

    watcher = Batches()
    with staged(watcher) as lane:
        batched = found(lane)
    fused = Lane("fake:CPU", 1, Watcher())
    alone = found(fused)
    fused.close()
    assert max(watcher.sizes) > 1
    assert sum(len(boxes) for boxes in alone) > 0
    for one, other in zip(batched, alone, strict=True):
        np.testing.assert_allclose(one, other, atol=0.5)
