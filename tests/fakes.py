"""A server's models on the fake engine: everything is real but the inference."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from edgeserve.domain.errors import ModelNotFoundError
from edgeserve.domain.frame import ColorOrder
from edgeserve.domain.model import Fit, HeadSpec, InputSpec, ModelSpec, TensorSpec, Thresholds
from edgeserve.domain.status import EngineStatus, ModelStatus, RepositoryEntry
from edgeserve.engines.fake import FakeEngine
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.lane import Lane
from edgeserve.pipeline.observer import NullObserver
from edgeserve.pipeline.options import PipelineOptions
from edgeserve.pipeline.served import ServedModel, ServedModels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from edgeserve.pipeline.observer import Observer

SIDE_PX = 64
CELLS = 8 * 8 + 4 * 4 + 2 * 2
REG_MAX = 8
LABELS = ("person", "car")


class Answer(Protocol):
    """What the fake engine computes."""

    def __call__(self, tensor: NDArray[np.generic], /) -> Mapping[str, NDArray[np.float32]]: ...


def model_spec() -> ModelSpec:
    """A 64 px model with a DFL head and two labels."""
    return ModelSpec(
        name="fake",
        version="1",
        labels=LABELS,
        input=InputSpec(
            width_px=SIDE_PX,
            height_px=SIDE_PX,
            layout="NHWC",
            dtype="uint8",
            color_order=ColorOrder.BGR,
            fit=Fit.CENTER,
            pad_value=114,
        ),
        head=HeadSpec(
            layout="dfl",
            strides=(8, 16, 32),
            outputs={"boxes": "boxes", "scores": "scores"},
            reg_max=REG_MAX,
        ),
        thresholds=Thresholds(score=0.5, iou=0.5, max_detections=10),
        files=(),
    )


def one_object(tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
    """A car of 16x16 model pixels around the first cell's centre: (4, 4) in model pixels."""
    boxes = np.zeros((len(tensor), 4 * REG_MAX, CELLS), dtype=np.float32)
    boxes[:, 1::REG_MAX] = 20  # each side one stride of 8 px away
    scores = np.full((len(tensor), len(LABELS), CELLS), -20, dtype=np.float32)
    scores[:, 1, 0] = 20
    return {"boxes": boxes, "scores": scores}


def detector(answer: Answer = one_object, *, batch: int = 1) -> Detector:
    """A detector on the fake engine; a batch of -1 leaves the first axis open."""
    engine = FakeEngine(
        TensorSpec("images", (batch, SIDE_PX, SIDE_PX, 3), "uint8"),
        (
            TensorSpec("boxes", (batch, 4 * REG_MAX, CELLS), "float32"),
            TensorSpec("scores", (batch, len(LABELS), CELLS), "float32"),
        ),
        answer,
    )
    return Detector(model_spec(), engine, max_pixels=1_000_000)


def served_models(
    answer: Answer = one_object,
    *,
    workers: int = 2,
    options: PipelineOptions | None = None,
    observer: Observer | None = None,
    clock: Callable[[], int] = time.monotonic_ns,
) -> ServedModels:
    """One fake model on one lane."""
    watcher = NullObserver() if observer is None else observer
    spec = model_spec()
    status = ModelStatus(
        name=spec.name,
        version=spec.version,
        ready=True,
        is_default=True,
        input_width_px=SIDE_PX,
        input_height_px=SIDE_PX,
        labels=spec.labels,
        thresholds=spec.thresholds,
        engine=EngineStatus(runtime="fake", requested="fake:CPU", chosen="fake:CPU"),
    )
    lane = Lane("fake:CPU", workers, watcher, clock=clock)
    found = detector(answer)
    lane.add(found)
    model = ServedModel(status, found, lane)
    return ServedModels([model], options or PipelineOptions(), watcher)


def jpeg(width_px: int = 64, height_px: int = 48) -> bytes:
    """A picture with some structure."""
    y, x = np.mgrid[:height_px, :width_px]
    pixels = np.stack([x * 3 % 256, y * 5 % 256, (x + y) % 256], axis=-1).astype(np.uint8)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


class NoBundles:
    """A `ModelControl` of a server that finds no bundle."""

    def index(self) -> list[RepositoryEntry]:
        return []

    def load(self, name: str, version: str = "") -> ModelStatus:
        text = f"there is no model {':'.join(filter(None, (name, version)))!r}"
        raise ModelNotFoundError(text)

    def reload(self, name: str, version: str = "") -> list[ModelStatus]:
        return [self.load(name, version)]

    def unload(self, name: str, version: str = "") -> None:
        self.load(name, version)


class Gate:
    """An answer that waits until the test lets it go."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def __call__(self, tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
        self.entered.release()
        assert self.go.acquire(timeout=60)
        return one_object(tensor)
