"""Tasks that run beside the server's own."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

_log = logging.getLogger(__name__)


def watched(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task whose end by an error is logged: nobody awaits it."""

    def look(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a task of the server ended by an error", exc_info=error)

    task = asyncio.create_task(work)
    task.add_done_callback(look)
    return task
