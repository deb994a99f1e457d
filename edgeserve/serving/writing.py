"""Writing to a client that may have stopped reading."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from grpc import aio

_log = logging.getLogger(__name__)


async def write_in_time(
    context: aio.ServicerContext[Any, Any],
    message: object,
    timeout_s: float,
    on_stalled: Callable[[], None],
) -> None:
    """Write a message of a stream; where its client does not read, the calling task is cancelled.

    No status can follow: it would wait behind the write, with which gRPC keeps the call until the
    client reads, or goes, or its connection answers no ping any more.

    Args:
        context: of the call.
        message: to write.
        timeout_s: how long the client may leave it unread.
        on_stalled: called when it did, before the task ends.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is None:  # pragma: no cover - a coroutine always runs in a task
        return
    # A timer costs a hundredth of asyncio.wait_for, which wraps every write in a task.
    timer = loop.call_later(timeout_s, task.cancel)
    try:
        await context.write(message)
    except asyncio.CancelledError:
        if loop.time() >= timer.when():
            on_stalled()
            _log.warning(
                "a client read no result for %g s (setting write_timeout): its stream is ended",
                timeout_s,
            )
        raise
    finally:
        timer.cancel()
