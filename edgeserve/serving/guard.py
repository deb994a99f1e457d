"""Asks at the start of each call who calls and whether they may; frames pass it untouched."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import ExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
from grpc import aio

from edgeserve.access.gate import REFUSAL_S
from edgeserve.domain.errors import EdgeserveError, LimitReachedError
from edgeserve.serving.caller import presented_by
from edgeserve.serving.errors import status_of
from edgeserve.serving.rpc_rights import rights_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from edgeserve.access.gate import Gate
    from edgeserve.access.rights import Right

    Context = aio.ServicerContext[Any, Any]
    Handler = grpc.RpcMethodHandler[Any, Any]
    Passing = Callable[[Context], AbstractAsyncContextManager[None]]

_KINDS: dict[str, Callable[..., Any]] = {
    "unary_unary": grpc.unary_unary_rpc_method_handler,
    "unary_stream": grpc.unary_stream_rpc_method_handler,
    "stream_unary": grpc.stream_unary_rpc_method_handler,
    "stream_stream": grpc.stream_stream_rpc_method_handler,
}


class Guard(aio.ServerInterceptor):
    """Lets calls through the gate."""

    def __init__(self, gate: Gate) -> None:
        """Guard a server with a gate."""
        self._gate = gate
        self._reflection_open = "reflection" in gate.options.unprotected

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Put the question before the handler of a call; who calls is known only there."""
        handler = await continuation(handler_call_details)
        method = str(handler_call_details.method)
        needs = rights_for(method, reflection_open=self._reflection_open)
        if handler is None or needs is None:
            return handler
        return _guarded(handler, lambda context: self._passing(context, method, needs))

    @asynccontextmanager
    async def _passing(
        self, context: Context, method: str, needs: frozenset[Right]
    ) -> AsyncIterator[None]:
        with ExitStack() as inside:
            try:
                what = method.rpartition("/")[2]
                call = inside.enter_context(self._gate.passing(presented_by(context), needs, what))
            except EdgeserveError as error:
                if isinstance(error, LimitReachedError):
                    await asyncio.sleep(REFUSAL_S)
                await context.abort(status_of(error), str(error))
            try:
                yield
            except asyncio.CancelledError:
                if not call.withdrawn:
                    raise
                told = call.error()
                await context.abort(status_of(told), str(told))


def _guarded(handler: Handler, passing: Passing) -> Handler:
    """A handler of the same kind that calls this one from within."""
    for name, make in _KINDS.items():
        behavior = getattr(handler, name)
        if behavior is not None:
            made: Handler = make(
                _behind(behavior, passing),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
            return made
    return handler


def _behind(behavior: Any, passing: Passing) -> Any:  # noqa: ANN401 - grpc has four types for it
    """The same kind of function: grpc calls generators and coroutines differently."""
    if inspect.isasyncgenfunction(behavior):

        async def generate(request: object, context: Context) -> AsyncIterator[object]:
            async with passing(context), aclosing(behavior(request, context)) as responses:
                async for response in responses:
                    yield response

        return generate

    async def call(request: object, context: Context) -> object:
        async with passing(context):
            return await behavior(request, context)

    return call
