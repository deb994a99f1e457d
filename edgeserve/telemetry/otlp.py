"""Frames as OpenTelemetry spans, sent by OTLP over gRPC. Imported only where traces are wanted.

A frame is a span, and each of its stages a child, laid out from the times of the result: waiting,
decoding and placing follow its arrival; inference and reading the head end with the result. On a
device that works in batches there may be a gap between the two: the frame waited for company.
"""

from __future__ import annotations

import logging
import random
from importlib import metadata
from typing import TYPE_CHECKING

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    get_current_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from edgeserve.domain.result import Status as FrameStatus
from edgeserve.telemetry.traced_frame import Parent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgeserve.domain.result import FrameResult
    from edgeserve.telemetry.traced_frame import TracedFrame

_NAME = "edgeserve"
_LARGEST_INT = 2**63 - 1
"""Of an attribute; a client's frame id may be twice as large."""
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_UNSET = Status(StatusCode.UNSET)
_EXPORTER_LOG = logging.getLogger("opentelemetry.exporter.otlp.proto.grpc")


class OtlpExporter:
    """Makes spans of frames and sends them to a collector."""

    def __init__(self, endpoint: str) -> None:
        """Prepare; nothing is connected yet.

        Headers, certificates, compression and further attributes of the resource are taken from
        OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_HEADERS` and so on).

        Args:
            endpoint: http://HOST:PORT, or https for TLS.
        """
        self.endpoint = endpoint
        version = metadata.version(_NAME)
        self._resource = Resource.create({"service.name": _NAME, "service.version": version})
        self._scope = InstrumentationScope(_NAME, version)
        self._random = random.Random()  # noqa: S311 # nosec B311 - no secrets
        self._exporter = OTLPSpanExporter(endpoint=endpoint)

    def parent(self, traceparent: str, tracestate: str) -> Parent | None:
        """Read W3C trace context; None if it is not valid."""
        carrier = {"traceparent": traceparent, "tracestate": tracestate}
        span = get_current_span(TraceContextTextMapPropagator().extract(carrier))
        context = span.get_span_context()
        if not context.is_valid:
            return None
        return Parent(
            context.trace_id,
            context.span_id,
            context.trace_flags.sampled,
            context.trace_state.to_header(),
        )

    def export(self, frames: Sequence[TracedFrame]) -> bool:
        """Send the spans of these frames; whether the collector took them."""
        spans = [span for frame in frames for span in self._spans(frame)]
        arrived = self._exporter.export(spans) is SpanExportResult.SUCCESS
        # It says what is wrong once, not every few seconds for as long as a collector is away.
        _EXPORTER_LOG.setLevel(logging.NOTSET if arrived else logging.CRITICAL)
        return arrived

    def close(self) -> None:
        """Break off what is being sent."""
        self._exporter.shutdown()

    def _spans(self, frame: TracedFrame) -> Iterator[ReadableSpan]:
        result = frame.result
        state = TraceState()
        parent = None
        if frame.parent is not None:
            state = TraceState.from_header([frame.parent.tracestate])
            parent = SpanContext(
                frame.trace_id, frame.parent.span_id, is_remote=True, trace_flags=_SAMPLED
            )
        failed = result.status is FrameStatus.ERROR
        start_ns = frame.end_unix_ns - result.latency_us * 1000
        own = self._context(frame.trace_id, state)
        yield ReadableSpan(
            "frame",
            own,
            parent,
            self._resource,
            _attributes(frame),
            kind=SpanKind.INTERNAL if frame.origin.camera else SpanKind.SERVER,
            status=Status(StatusCode.ERROR, result.message) if failed else _UNSET,
            start_time=start_ns,
            end_time=frame.end_unix_ns,
            instrumentation_scope=self._scope,
        )
        for name, begin_ns, end_ns in stages_of(result, start_ns, frame.end_unix_ns):
            yield ReadableSpan(
                name,
                self._context(frame.trace_id, state),
                own,
                self._resource,
                start_time=begin_ns,
                end_time=end_ns,
                instrumentation_scope=self._scope,
            )

    def _context(self, trace_id: int, state: TraceState) -> SpanContext:
        span_id = self._random.getrandbits(64) or 1
        return SpanContext(
            trace_id, span_id, is_remote=False, trace_flags=_SAMPLED, trace_state=state
        )


def _attributes(frame: TracedFrame) -> dict[str, str | int]:
    result = frame.result
    frame_id = result.frame_id
    told: dict[str, str | int | None] = {
        "source": frame.source,
        **frame.origin.fields(),
        "frame_id": frame_id if frame_id <= _LARGEST_INT else str(frame_id),
        "status": result.status.value.lower(),
        "drop_reason": result.drop_reason and result.drop_reason.value,
        "error_code": result.error_code and result.error_code.value,
        "model": result.model,
        "version": result.version,
        "device": result.device,
    }
    if result.status is FrameStatus.OK:
        told["detections"] = len(result.detections)
    return {
        f"{_NAME}.{name}": value
        for name, value in told.items()
        if value is not None and value != ""
    }


def stages_of(result: FrameResult, start_ns: int, end_ns: int) -> Iterator[tuple[str, int, int]]:
    """Name, begin and end of each stage that a frame went through; of a dropped one, the queue.

    Args:
        result: of the frame.
        start_ns: when the frame arrived.
        end_ns: when it was finished, by the same clock.
    """
    if result.status is not FrameStatus.OK:
        if result.status is FrameStatus.DROPPED:
            yield "queue", start_ns, end_ns
        return
    stages = result.stages
    at_ns = start_ns
    for name, time_us in (
        ("queue", stages.queue_us),
        ("decode", stages.decode_us),
        ("preprocess", stages.preprocess_us),
    ):
        begin_ns, at_ns = at_ns, min(at_ns + time_us * 1000, end_ns)
        yield name, begin_ns, at_ns
    inferred_ns = max(at_ns, end_ns - stages.postprocess_us * 1000)
    yield "infer", max(at_ns, inferred_ns - stages.infer_us * 1000), inferred_ns
    yield "postprocess", inferred_ns, end_ns
