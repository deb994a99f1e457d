"""The Prometheus metrics of the frame path.

Label values come from configuration, never from a client; children are resolved once.
"""

from __future__ import annotations

from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from edgeserve.domain.origin import NOBODY
from edgeserve.domain.result import DropReason, Status
from edgeserve.pipeline.configuration import Configuration
from edgeserve.telemetry.model_metrics import ModelMetrics
from edgeserve.telemetry.series import remove_series

if TYPE_CHECKING:
    from edgeserve.domain.origin import Origin
    from edgeserve.domain.result import FrameResult, StageTimes
    from edgeserve.telemetry.traces import FrameTraces

# A series beside each counter that says when it began: nobody asks for it, and with many cameras
# it is a third of what is sent.
disable_created_metrics()  # type: ignore[no-untyped-call]

_EDGES_S = (
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.0167, 0.025, 0.0333, 0.05, 0.0667, 0.1, 0.2, 0.5, 1.0, 2.5,
)  # fmt: skip
"""Made for frames: 60, 30 and 15 a second are edges."""
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_STAGES = ("decode", "preprocess", "queue", "infer", "postprocess")
_MICRO = 1e-6
_STREAM_ENDED = "stream_ended"
"""A reason beside those of dropped results: there is nobody left to tell."""


class Metrics:
    """An observer of the pipeline that counts; one a server, on a registry of its own."""

    def __init__(self, traces: FrameTraces | None = None) -> None:
        """Create all families.

        Args:
            traces: hears of every frame too; what it traces becomes an exemplar of the latency.
        """
        registry = CollectorRegistry()
        self._traces = traces
        self.registry = registry
        """Where families of other parts of the server are added."""
        self._devices: set[str] = set()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._stage = Histogram(
            "edgeserve_stage_duration_seconds",
            "Time of one frame in one stage",
            ["model", "device", "stage"],
            registry=registry,
            buckets=_EDGES_S,
        )
        self._latency = Histogram(
            "edgeserve_frame_latency_seconds",
            "Time from the arrival of a frame to its result",
            ["model"],
            registry=registry,
            buckets=_EDGES_S,
        )
        self._received = Counter(
            "edgeserve_frames_received",
            "Frames read",
            ["source"],
            registry=registry,
        )
        self._results = Counter(
            "edgeserve_results",
            "Results by status",
            ["source", "status"],
            registry=registry,
        )
        self._dropped = Counter(
            "edgeserve_frames_dropped",
            "Frames dropped by reason",
            ["source", "reason"],
            registry=registry,
        )
        self._write_timeouts = Counter(
            "edgeserve_write_timeouts",
            "Streams ended because their client did not read",
            ["source"],
            registry=registry,
        )
        self._timeouts = Counter(
            "edgeserve_inference_timeouts",
            "Inferences that took longer than inference_timeout",
            ["model"],
            registry=registry,
        )
        self._errors = Counter(
            "edgeserve_frame_errors",
            "Frames answered with an error, by what was wrong",
            ["source", "code"],
            registry=registry,
        )
        self._in_flight = Gauge(
            "edgeserve_requests_in_flight",
            "Frames in work",
            ["device"],
            registry=registry,
        )
        self._streams = Gauge("edgeserve_streams", "Streams and calls open", registry=registry)
        self._waiting_bytes = Gauge(
            "edgeserve_waiting_bytes",
            "Bytes of frames that wait for a device",
            registry=registry,
        )
        self._active = Enum(
            "edgeserve_configuration",
            "How a device works: one frame at once on all cores, or a frame on each",
            ["device"],
            states=[configuration.value for configuration in Configuration],
            registry=registry,
        )
        self._switches = Counter(
            "edgeserve_configuration_switches",
            "Changes of a device's configuration",
            ["device"],
            registry=registry,
        )
        self._batch = Histogram(
            "edgeserve_batch_frames",
            "Frames that went to a device together",
            ["device"],
            registry=registry,
            buckets=_BATCHES,
        )
        self.models = ModelMetrics(registry, self._forget)
        """Of which models serve, and what became of loading them."""
        Info("edgeserve_build", "The program", registry=registry).info(
            {"version": metadata.version("edgeserve")},
        )
        self.frames_finished = 0
        """Of all sources; a sign of life, not exact: threads count it without a lock."""
        # `labels` checks and hashes its arguments under a lock: a frame asks for ten children.
        self._stages_of = cache(self._children)
        self._latency_of = cache(self._latency.labels)
        self._received_of = cache(self._source)
        self._results_of = cache(self._results.labels)
        self._dropped_of = cache(self._dropped.labels)
        self._in_flight_of = cache(self._in_flight.labels)
        self._batch_of = cache(self._batch.labels)

    def frame_received(self, source: str) -> None:
        """Count a frame that was read."""
        self._received_of(source).inc()

    def frame_finished(
        self,
        source: str,
        result: FrameResult,
        origin: Origin = NOBODY,
    ) -> None:
        """Count a result and, if the frame ran, its times."""
        self.frames_finished += 1
        exemplar = None
        if self._traces is not None:
            trace_id = self._traces.frame_finished(source, result, origin)
            exemplar = None if trace_id is None else {"trace_id": f"{trace_id:032x}"}
        self._results_of(source, result.status.value.lower()).inc()
        if result.drop_reason is not None:
            self._dropped_of(source, result.drop_reason.value).inc()
        if result.error_code is not None:
            self._errors.labels(source, result.error_code.value.lower()).inc()
        if result.status is Status.OK:
            self._latency_of(result.model).observe(result.latency_us * _MICRO, exemplar)
            children = self._stages_of(result.model, result.device)
            for child, time_us in zip(children, _times(result.stages), strict=True):
                child.observe(time_us * _MICRO)

    def frame_discarded(self, source: str) -> None:
        """Count a frame whose stream ended first."""
        self._dropped_of(source, _STREAM_ENDED).inc()

    def write_timed_out(self, source: str) -> None:
        """Count a stream whose client did not read."""
        self._write_timeouts.labels(source).inc()

    def inference_timed_out(self, model: str) -> None:
        """Count an inference that was given up."""
        self._timeouts.labels(model).inc()

    def in_flight(self, device: str, change: int) -> None:
        """Count frames in work."""
        self._in_flight_of(device).inc(change)

    def streams(self, change: int) -> None:
        """Count streams."""
        self._streams.inc(change)

    def waiting_bytes(self, change: int) -> None:
        """Count bytes of frames that wait."""
        self._waiting_bytes.inc(change)

    def configuration(self, device: str, active: Configuration) -> None:
        """Tell how a device works from now on; the first time is no switch."""
        self._active.labels(device).state(active.value)
        if device in self._devices:
            self._switches.labels(device).inc()
        else:
            self._devices.add(device)
            self._switches.labels(device)

    def batch(self, device: str, frames: int) -> None:
        """Count frames that went to a device together."""
        self._batch_of(device).observe(frames)

    def render(self, accept: str) -> tuple[bytes, str]:
        """All metrics as the HTTP header Accept asks for them, and their content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    def _forget(self, model: str, device: str) -> None:
        """Remove the series of a name that does not serve any more."""
        for stage in _STAGES:
            remove_series(self._stage, model, device, stage)
        for by_name in (self._latency, self._timeouts):
            remove_series(by_name, model)
        # Children that were removed would count on, unseen.
        self._stages_of.cache_clear()
        self._latency_of.cache_clear()

    def _source(self, source: str) -> Counter:
        """Show all series of a source from its first frame: a rate needs the zero before."""
        for status in Status:
            self._results.labels(source, status.value.lower())
        for reason in (*(one.value for one in DropReason), _STREAM_ENDED):
            self._dropped.labels(source, reason)
        return self._received.labels(source)

    def _children(self, model: str, device: str) -> tuple[Histogram, ...]:
        return tuple(self._stage.labels(model, device, stage) for stage in _STAGES)


def _times(stages: StageTimes) -> tuple[int, int, int, int, int]:
    """In the order of `_STAGES`."""
    return (
        stages.decode_us,
        stages.preprocess_us,
        stages.queue_us,
        stages.infer_us,
        stages.postprocess_us,
    )
