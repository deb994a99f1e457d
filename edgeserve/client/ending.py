"""The status that ended a call, in spite of grpc.aio.

When a write meets a call that the server has just ended, grpc.aio replaces the server's status by
one of its own, INTERNAL (https://github.com/grpc/grpc/issues/36066). A stream that is sending
when its server drains would often not learn that it was drained. And a proxy that closes a stream
without a status (nginx, when the server behind it ends first) comes as INTERNAL, too.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from grpc import aio

if TYPE_CHECKING:
    from collections.abc import Coroutine

    _T = TypeVar("_T")

_MASK = "Internal error from Core"
_CUT = "Stream removed"
"""What Core says of a stream that ended without a status: nobody meant anything by it."""
_PATIENCE_S = 5.0
"""For the server's status after a failed write; Core sends it at once, or never."""


class Ending:
    """Remembers the first status of a call that is not grpc.aio's own."""

    def __init__(self, call: aio.Call) -> None:
        """Watch a call from its start."""
        self._status: asyncio.Future[tuple[grpc.StatusCode, str]] = (
            asyncio.get_running_loop().create_future()
        )
        # Called at each change of the status, so also for the one that is replaced at once.
        call.add_done_callback(self._record)

    async def unmasked(self, error: aio.AioRpcError) -> aio.AioRpcError | None:
        """The error that the server meant where `error` is what the call raised; None for OK."""
        code, details = error.code(), error.details() or ""
        if _is_mask(code, details):
            try:
                code, details = await asyncio.wait_for(self._status, _PATIENCE_S)
            except asyncio.TimeoutError:
                code, details = grpc.StatusCode.UNAVAILABLE, "a write failed"
        elif not _is_cut(code, details):
            return error
        if _is_cut(code, details):
            code = grpc.StatusCode.UNAVAILABLE
        if code is grpc.StatusCode.OK:
            return None
        return aio.AioRpcError(code, aio.Metadata(), aio.Metadata(), details)

    def _record(self, call: aio.Call) -> None:
        if self._status.done():
            return
        code = _result_now(call.code())
        details = _result_now(call.details()) or ""
        if code is not None and not _is_mask(code, details):
            self._status.set_result((code, details))


def _is_mask(code: grpc.StatusCode, details: str) -> bool:
    return code is grpc.StatusCode.INTERNAL and details.startswith(_MASK)


def _is_cut(code: grpc.StatusCode, details: str) -> bool:
    return code is grpc.StatusCode.INTERNAL and details.startswith(_CUT)


def _result_now(coroutine: Coroutine[Any, Any, _T]) -> _T | None:
    """What a coroutine returns that has nothing to wait for; a task would run too late."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: _T = end.value
        return result
    coroutine.close()
    return None
