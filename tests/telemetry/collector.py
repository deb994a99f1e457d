"""A small OpenTelemetry collector: it takes traces by OTLP over gRPC and keeps them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from types import TracebackType

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource
    from opentelemetry.proto.trace.v1.trace_pb2 import Span
    from typing_extensions import Self


class Collector(TraceServiceServicer):
    """Listens as long as the context lasts.

    Attributes:
        endpoint: what `--otlp-endpoint` takes.
        resource: of the last batch.
    """

    def __init__(self) -> None:
        self.resource: Resource | None = None
        self._spans: list[Span] = []
        self._metadata: list[tuple[str, str]] = []
        self._changed = threading.Condition()
        self._open = threading.Event()
        self._open.set()
        self._pool = ThreadPoolExecutor(4)
        self._server = grpc.server(self._pool)
        add_TraceServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        self.endpoint = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def Export(  # noqa: N802 - the protocol's name
        self,
        request: ExportTraceServiceRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 - the protocol's signature
    ) -> ExportTraceServiceResponse:
        self._open.wait(PATIENCE_S)
        with self._changed:
            for of_resource in request.resource_spans:
                self.resource = of_resource.resource
                for of_scope in of_resource.scope_spans:
                    self._spans += of_scope.spans
            self._changed.notify_all()
        return ExportTraceServiceResponse()

    def hang(self) -> None:
        """Take batches from now on, and do not answer."""
        self._open.clear()

    def go_on(self) -> None:
        """Answer again."""
        self._open.set()

    def frames(self, count: int) -> list[Span]:
        """The spans of frames, as soon as there are so many."""

        def found() -> list[Span]:
            return [span for span in self._spans if span.name == "frame"]

        with self._changed:
            assert self._changed.wait_for(lambda: len(found()) >= count, PATIENCE_S)
            return found()

    def children(self, frame: Span) -> list[Span]:
        """The stages of a frame, in the order in which they were sent."""
        with self._changed:
            return [span for span in self._spans if span.parent_span_id == frame.span_id]

    def __enter__(self) -> Self:
        """Listen."""
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.go_on()
        self._server.stop(0).wait()
        self._pool.shutdown()


def attributes(span: Span) -> dict[str, Any]:
    """Of a span, by their names without the program's."""
    return {
        one.key.removeprefix("edgeserve."): getattr(one.value, one.value.WhichOneof("value") or "")
        for one in span.attributes
    }
