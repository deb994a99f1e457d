"""Numbers the calls, and keeps the trace context that their callers sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grpc import aio

from edgeserve.domain.origin import current_origin, origin_of_call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import grpc

    _Handler = grpc.RpcMethodHandler[Any, Any] | None


class OriginInterceptor(aio.ServerInterceptor):
    """Sets the origin of everything that happens in a call: it runs in the call's own task."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[_Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler:
        """Called for each call before its handler is looked up."""
        sent = dict(handler_call_details.invocation_metadata or ())
        current_origin.set(
            origin_of_call(str(sent.get("traceparent", "")), str(sent.get("tracestate", "")))
        )
        return await continuation(handler_call_details)
