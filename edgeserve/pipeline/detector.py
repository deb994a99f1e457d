"""The spine: one frame through decode, letterbox, inference, head and finalize."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError
from edgeserve.domain.model import shapes_agree
from edgeserve.domain.result import StageTimes
from edgeserve.engines.finite import check_finite
from edgeserve.geometry.letterbox import Letterbox
from edgeserve.postprocess.finalize import Selection, finalize
from edgeserve.postprocess.heads import create_head
from edgeserve.preprocess.decode import decode
from edgeserve.preprocess.tensor import TensorWriter

if TYPE_CHECKING:
    from edgeserve.domain.detections import Detections
    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.model import InputSpec, ModelSpec
    from edgeserve.engines.protocol import Engine


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a worker found in one frame; `stages.queue_us` is left for the lane."""

    detections: Detections
    stages: StageTimes
    width_px: int
    height_px: int


class Detector:
    """A model on an engine. Shared by threads; each thread works through its own worker."""

    def __init__(self, spec: ModelSpec, engine: Engine, *, max_pixels: int) -> None:
        """Join a model with the engine that it was loaded on.

        Args:
            spec: the model.
            engine: compiled from one of its files.
            max_pixels: largest picture decoded.

        Raises:
            ConfigurationError: the file's input or outputs are not what the manifest says.
        """
        self.spec = spec
        self.engine = engine
        self.max_pixels = max_pixels
        self.head = create_head(spec)
        self.head.check({output.name: output.shape for output in engine.outputs})
        self.input = _input_of(spec, engine)
        self.out_of_service = ""
        """Why no frame may run now; see `watchdog`. Empty when frames may."""

    def create_worker(self) -> DetectorWorker:
        """A worker for the calling thread, with a request and buffers of its own."""
        return DetectorWorker(self)


class DetectorWorker:
    """Runs frames one after another; owned by one thread."""

    def __init__(self, detector: Detector) -> None:
        """Create the request and the buffers."""
        self._detector = detector
        self._request = detector.engine.create_request()
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
        detector, wanted = self._detector, self._detector.input
        started = time.monotonic_ns()
        picture = decode(frame, wanted.color_order, detector.max_pixels)
        decoded = time.monotonic_ns()
        placement = Letterbox.plan(
            picture.width_px,
            picture.height_px,
            wanted.width_px,
            wanted.height_px,
            wanted.fit,
        )
        tensor = self._tensor.write(picture.pixels, placement)
        prepared = time.monotonic_ns()
        outputs = self._request.infer(tensor)
        inferred = time.monotonic_ns()
        check_finite(outputs, detector.engine.device)
        candidates = detector.head.candidates(outputs, selection.score_threshold)
        detections = finalize(candidates, selection, placement)
        finished = time.monotonic_ns()
        return Inspection(
            detections=detections,
            stages=StageTimes(
                decode_us=(decoded - started) // 1000,
                preprocess_us=(prepared - decoded) // 1000,
                infer_us=(inferred - prepared) // 1000,
                postprocess_us=(finished - inferred) // 1000,
            ),
            width_px=picture.width_px,
            height_px=picture.height_px,
        )


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
