"""What a server under comparison does with a picture, on threads of its own.

`PEER_JOB=ours` runs our own detector, so that what differs is the serving alone; `blob` and `bytes`
what a user of such a server would write, with floats from `cv2.dnn.blobFromImage` or with the bytes
of the picture. Imported in the servers' own environments.
"""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.frame import EncodedFrame
from edgeserve.domain.request import DetectOptions
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes
from edgeserve.engines.resolve import load_engine
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.lane import workers_for
from edgeserve.pipeline.selection import select
from edgeserve.process.cpus import available_cpus
from edgeserve.tooling.named_bundle import named_bundle
from tests.benchmarks.peers.plain_opencv import PlainDetector

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Found = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]
    """Boxes (N, 4) in pixels of the picture, scores (N,) and class ids (N,)."""
    Detect = Callable[[bytes], Found]

MODEL = "road-csp-tiny"
"""The shipped bundle, and its name at every server."""
INPUT, BOXES, SCORES, CLASS_IDS = "encoded_images", "boxes", "scores", "class_ids"
_MOST_PIXELS = 7680 * 4320


class Job:
    """JPEG to detections, on as many threads as our own server has."""

    def __init__(self) -> None:
        """Load the bundle on OpenVINO for throughput, as our server does under load."""
        self._per_thread = make_detect()
        self._own = threading.local()
        self._pool = ThreadPoolExecutor(workers_for(available_cpus()), initializer=self._prepare)

    async def detect(self, picture: bytes) -> Found:
        """Detect in an encoded picture."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._run, picture)

    def _prepare(self) -> None:
        self._own.detect = self._per_thread()

    def _run(self, picture: bytes) -> Found:
        detect: Detect = self._own.detect
        return detect(picture)


def make_detect() -> Callable[[], Detect]:
    """Loads the model for all threads; what it gives makes the function of one thread."""
    job = os.environ["PEER_JOB"]
    return _ours() if job == "ours" else _plain(blob=job == "blob")


def _ours() -> Callable[[], Detect]:
    """Makes the function of a thread: our detector."""
    spec = named_bundle(MODEL, Path()).spec
    options = EngineOptions.model_validate({"provider": "openvino:CPU", "hint": "throughput"})
    engine, _ = load_engine(spec, options, runtimes())
    detector = Detector(spec, engine, max_pixels=_MOST_PIXELS, reduced_decode=True)
    selection = select(spec, DetectOptions())

    def prepare() -> Detect:
        worker = detector.create_worker()

        def detect(picture: bytes) -> Found:
            found = worker.run(EncodedFrame(0, picture), selection).detections
            return found.boxes_xyxy, found.scores, found.class_ids.astype(np.int64)

        return detect

    return prepare


def _plain(*, blob: bool) -> Callable[[], Detect]:
    """Makes the function of a thread: plain OpenCV and OpenVINO; `blob` as in `PlainDetector`."""
    detector = PlainDetector(MODEL, blob=blob)

    def prepare() -> Detect:
        request = detector.create_request()
        return lambda picture: detector.run(request, picture)

    return prepare
