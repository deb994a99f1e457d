"""Which frames are traced, and their way out: a bounded queue and a thread that delivers.

The frame path only decides and queues; spans are made in the thread. A collector that is slow or
dead costs traces, which are counted, and nothing else.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from edgeserve.telemetry.traced_frame import Parent, TracedFrame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.domain.origin import Origin
    from edgeserve.domain.result import FrameResult
    from edgeserve.telemetry.options import TelemetryOptions

_log = logging.getLogger(__name__)
_BATCH_FRAMES = 64
_EVERY_S = 1.0
_END_S = 2.0
_PARENTS = 1024


@dataclass(frozen=True, slots=True)
class TraceCounts:
    """How frames that were chosen fared so far."""

    delivered: int
    failed: int
    dropped: int


class Exporter(Protocol):
    """Makes spans and delivers them; used by one thread, but for `close`."""

    endpoint: str

    def parent(self, traceparent: str, tracestate: str) -> Parent | None:
        """Read a client's trace context; None if it is not valid."""

    def export(self, frames: Sequence[TracedFrame]) -> bool:
        """Deliver; whether it arrived."""

    def close(self) -> None:
        """Break off what is being delivered, from another thread."""


def create_traces(options: TelemetryOptions) -> FrameTraces | None:
    """The traces that the configuration asks for; None where it asks for none.

    Raises:
        ImportError: it does, and OpenTelemetry is not installed.
    """
    if not options.otlp_endpoint:
        return None
    from edgeserve.telemetry.otlp import OtlpExporter  # noqa: PLC0415 - needs the extra `otel`

    return FrameTraces(OtlpExporter(options.otlp_endpoint), options.trace_ratio)


class FrameTraces:
    """Chooses frames and has them delivered."""

    def __init__(self, exporter: Exporter, ratio: float, *, queue_frames: int = 2048) -> None:
        """Prepare; `start` begins to deliver.

        Args:
            exporter: of spans.
            ratio: share of frames that are traced where no client decides.
            queue_frames: that wait at most; the newest are dropped then.
        """
        self._exporter = exporter
        self._ratio = ratio
        self._most = queue_frames
        self._queue: deque[TracedFrame] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._delivered = self._failed = self._dropped = 0
        self._trouble = False
        self._broken_off = False
        self._parent_of = lru_cache(_PARENTS)(exporter.parent)
        self._random = random.Random()  # noqa: S311 # nosec B311 - no secrets
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def frame_finished(self, source: str, result: FrameResult, origin: Origin) -> int | None:
        """Take a frame that has its result; the id of its trace if it is traced."""
        parent = None
        if origin.traceparent:
            parent = self._parent_of(origin.traceparent, origin.tracestate)
        if parent is None:
            if self._random.random() >= self._ratio:
                return None
            trace_id = self._random.getrandbits(128) or 1
        elif parent.sampled:
            trace_id = parent.trace_id
        else:
            return None
        frame = TracedFrame(trace_id, parent, source, origin, result, time.time_ns())
        with self._lock:
            if self._closed or len(self._queue) >= self._most:
                self._dropped += 1
                return None
            self._queue.append(frame)
            if len(self._queue) == _BATCH_FRAMES:
                self._wake.set()
        return trace_id

    def counts(self) -> TraceCounts:
        """How frames that were chosen fared so far."""
        with self._lock:
            return TraceCounts(self._delivered, self._failed, self._dropped)

    def close(self, seconds: float) -> None:
        """Deliver what waits, for so long; a collector that is in trouble is not waited for."""
        with self._lock:
            self._closed = True
        self._wake.set()
        if self._thread.is_alive() and not self._trouble:
            self._thread.join(seconds)
        self._broken_off = True
        self._exporter.close()
        if self._thread.is_alive():
            self._thread.join(_END_S)

    def _run(self) -> None:
        while True:
            self._wake.wait(_EVERY_S)
            self._wake.clear()
            while batch := self._take():
                self._deliver(batch)
            with self._lock:
                if self._closed and not self._queue:
                    return

    def _take(self) -> list[TracedFrame]:
        with self._lock:
            count = min(len(self._queue), _BATCH_FRAMES)
            return [self._queue.popleft() for _ in range(count)]

    def _deliver(self, batch: list[TracedFrame]) -> None:
        try:
            arrived = self._exporter.export(batch)
        except Exception:  # noqa: BLE001 - a fault here must cost traces only
            # One that `close` provokes is none.
            if not self._broken_off:
                _log.exception("traces could not be written")
            arrived = False
        with self._lock:
            self._delivered += len(batch) * arrived
            self._failed += len(batch) * (not arrived)
            if self._closed and not arrived:
                self._dropped += len(self._queue)
                self._queue.clear()
        if self._broken_off:
            return
        if not arrived and not self._trouble:
            _log.warning("traces do not arrive at %s; the server goes on", self._exporter.endpoint)
        elif arrived and self._trouble:
            _log.info("traces arrive at %s again", self._exporter.endpoint)
        self._trouble = not arrived
