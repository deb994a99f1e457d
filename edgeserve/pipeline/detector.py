"""The spine: one frame through decode, letterbox, inference, head and finalize."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError
from edgeserve.domain.model import shapes_agree
from edgeserve.domain.result import StageTimes
from edgeserve.engines.finite import check_finite
from edgeserve.pipeline.configuration import Configuration
from edgeserve.pipeline.fair_queue import Cost
from edgeserve.pipeline.preparer import FramePreparer
from edgeserve.postprocess.finalize import Selection, finalize
from edgeserve.postprocess.heads import create_head
from edgeserve.preprocess.tensor import TensorWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.detections import Detections
    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.model import InputSpec, ModelSpec
    from edgeserve.engines.protocol import Engine, InferenceRequest
    from edgeserve.pipeline.preparer import Prepared


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a worker found in one frame; `stages.queue_us` is left for the lane.

    Raw outputs are copies, kept where they were asked for.
    """

    detections: Detections
    stages: StageTimes
    width_px: int
    height_px: int
    raw_outputs: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


class Detector:
    """A model on an engine. Shared by threads; each thread works through its own worker."""

    def __init__(
        self,
        spec: ModelSpec,
        engine: Engine,
        *,
        max_pixels: int,
        reduced_decode: bool = False,
        configuration: Configuration = Configuration.THROUGHPUT,
        compile_engine: Callable[[Configuration], Engine] | None = None,
    ) -> None:
        """Join a model with the engine that it was loaded on.

        Args:
            spec: the model.
            engine: compiled from one of its files.
            max_pixels: largest picture decoded.
            reduced_decode: decode large JPEGs at a fraction of their size.
            configuration: that the engine was compiled for.
            compile_engine: makes the engine for another one; None where there is only this.

        Raises:
            ConfigurationError: the file's input or outputs are not what the manifest says.
        """
        self.spec = spec
        self.engine = engine
        self.max_pixels = max_pixels
        self.reduced_decode = reduced_decode
        self.cost = Cost()
        """Of a frame on the device; guarded by the lane's lock."""
        self.in_work = 0
        """Frames that the lane runs now; guarded by its lock."""
        self.head = create_head(spec)
        # An open batch axis is a batch of one to the head: it sees one frame at a time.
        self.head.check({output.name: _of_one(output.shape) for output in engine.outputs})
        self.input = _input_of(spec, engine)
        self.out_of_service = ""
        """Why no frame may run now; see `watchdog`. Empty when frames may."""
        self._engines = {configuration: engine}
        self._compile_engine = compile_engine
        self._compiling = threading.Lock()

    def has(self, configuration: Configuration) -> bool:
        """Whether the engine for a configuration is compiled, or none is needed for it."""
        return self._compile_engine is None or configuration in self._engines

    def engine_for(self, configuration: Configuration) -> Engine:
        """The engine for a configuration, compiled when first asked for.

        Raises:
            EdgeserveError: it cannot be compiled.
        """
        if self._compile_engine is None:
            return self.engine
        if configuration not in self._engines:
            with self._compiling:
                if configuration not in self._engines:
                    self._engines[configuration] = self._compile_engine(configuration)
        return self._engines[configuration]

    def create_worker(self, configuration: Configuration | None = None) -> DetectorWorker:
        """A worker for the calling thread, with a request and buffers of its own.

        Raises:
            EdgeserveError: the engine for the configuration cannot be compiled.
        """
        engine = self.engine if configuration is None else self.engine_for(configuration)
        return DetectorWorker(self, engine.create_request())

    def inspect(
        self,
        outputs: Mapping[str, NDArray[np.float32]],
        prepared: Prepared,
        selection: Selection,
        infer_us: int,
    ) -> Inspection:
        """Read the raw outputs of one frame, each with a first axis of 1.

        Raises:
            EngineError: they are not made of numbers.
        """
        started = time.monotonic_ns()
        check_finite(outputs, self.engine.device)
        candidates = self.head.candidates(outputs, selection.score_threshold)
        detections = finalize(candidates, selection, prepared.placement)
        return Inspection(
            detections=detections,
            stages=StageTimes(
                decode_us=prepared.decode_us,
                preprocess_us=prepared.preprocess_us,
                infer_us=infer_us,
                postprocess_us=(time.monotonic_ns() - started) // 1000,
            ),
            width_px=prepared.placement.source_width_px,
            height_px=prepared.placement.source_height_px,
            raw_outputs=_copies(outputs) if selection.raw_outputs else {},
        )


class DetectorWorker:
    """Runs frames one after another; owned by one thread."""

    def __init__(self, detector: Detector, request: InferenceRequest) -> None:
        """Create the buffers beside a request."""
        self._detector = detector
        self._request = request
        self._preparer = FramePreparer(detector)
        self._tensor = TensorWriter(detector.input)

    def cancel(self) -> None:
        """End the inference that runs, if the runtime can. Called from another thread."""
        self._request.cancel()

    def run(self, frame: EncodedFrame, selection: Selection) -> Inspection:
        """Detect in one frame.

        Raises:
            FrameError: the frame cannot be decoded.
            EngineError: the engine failed, or its answer is not made of numbers.
        """
        prepared = self._preparer.prepare(frame, self._tensor)
        started = time.monotonic_ns()
        outputs = self._request.infer(prepared.tensor)
        infer_us = (time.monotonic_ns() - started) // 1000
        return self._detector.inspect(outputs, prepared, selection, infer_us)


def _copies(outputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Outputs that outlive the request's next inference."""
    return {name: values.copy() for name, values in outputs.items()}


def _of_one(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (1, *shape[1:]) if shape[:1] == (-1,) else shape


def _input_of(spec: ModelSpec, engine: Engine) -> InputSpec:
    """What to write for each frame: the manifest's input, or the picture as it is."""
    wanted = spec.input
    if engine.normalises:
        wanted = replace(wanted, layout="NHWC", dtype="uint8")
    size = (wanted.height_px, wanted.width_px)
    shape = (1, *size, 3) if wanted.layout == "NHWC" else (1, 3, *size)
    if not shapes_agree(engine.input.shape, shape) or engine.input.dtype != wanted.dtype:
        text = (
            f"model {spec.name}: the manifest says input {wanted.dtype} {list(shape)} and the "
            f"file has {engine.input.dtype} {list(engine.input.shape)}"
        )
        raise ConfigurationError(text)
    return wanted
