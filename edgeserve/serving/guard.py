"""Asks at the start of each call who calls and whether they may; frames pass it untouched."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from grpc import aio

from edgeserve.access.gate import REFUSAL_S
from edgeserve.domain.errors import EdgeserveError, LimitReachedError
from edgeserve.serving.caller import presented_by
from edgeserve.serving.errors import status_of
from edgeserve.serving.handlers import wrapped
from edgeserve.serving.rpc_rights import rights_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import grpc

    from edgeserve.access.gate import Gate
    from edgeserve.access.rights import Right
    from edgeserve.serving.handlers import Context, Handler


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
        return wrapped(handler, lambda _, context: self._passing(context, method, needs))

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
