"""Handlers of calls, wrapped: grpc has four kinds, and calls generators and coroutines apart."""

from __future__ import annotations

import inspect
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc
from grpc import aio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    Context = aio.ServicerContext[Any, Any]
    Handler = grpc.RpcMethodHandler[Any, Any]
    Around = Callable[[object, Context], AbstractAsyncContextManager[None]]

_KINDS: dict[str, Callable[..., Any]] = {
    "unary_unary": grpc.unary_unary_rpc_method_handler,
    "unary_stream": grpc.unary_stream_rpc_method_handler,
    "stream_unary": grpc.stream_unary_rpc_method_handler,
    "stream_stream": grpc.stream_stream_rpc_method_handler,
}


def wrapped(
    handler: Handler, around: Around, read: Callable[[bytes], object] | None = None
) -> Handler:
    """A handler of the same kind.

    Args:
        handler: to call from within.
        around: entered for each call with its request (or the iterator of a stream's) and context.
        read: makes requests of bytes, in the place of the handler's own way.
    """
    for name, make in _KINDS.items():
        behavior = getattr(handler, name)
        if behavior is not None:
            made: Handler = make(
                _within(behavior, around),
                request_deserializer=read or handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
            return made
    return handler


def _within(behavior: Any, around: Around) -> Any:  # noqa: ANN401 - grpc has four types for it
    if inspect.isasyncgenfunction(behavior):

        async def generate(request: object, context: Context) -> AsyncIterator[object]:
            async with around(request, context), aclosing(behavior(request, context)) as responses:
                async for response in responses:
                    yield response

        return generate

    async def call(request: object, context: Context) -> object:
        async with around(request, context):
            return await behavior(request, context)

    return call
