"""The last events of all cameras, for those who listen and those who come late."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from edgeserve.web.records import event_record

if TYPE_CHECKING:
    from edgeserve.domain.camera import CameraResult

_KEPT = 200


class EventLog:
    """A subscriber of all cameras that keeps their last events; numbers grow by one."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin empty; `loop` is where listeners wait."""
        self._loop = loop
        self._lock = threading.Lock()
        self._events: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._number = 0
        self._changed = loop.create_future()
        self._closed = False

    def __call__(self, seen: CameraResult, /) -> None:
        """Keep the events of a result; see `Subscriber`."""
        if not seen.events:
            return
        with self._lock:
            for event in seen.events:
                self._number += 1
                self._events.append(event_record(self._number, seen, event))
        # A result may still come while the server stops.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._wake)

    def since(self, number: int) -> list[dict[str, Any]]:
        """Events after the one of this number, oldest first, as far as they are kept."""
        with self._lock:
            # A number of before the restart says nothing about this log.
            after = number if number <= self._number else 0
            return [event for event in self._events if event["id"] > after]

    async def changed(self, timeout_s: float) -> bool:
        """Wait for an event, at most so long; whether the log is still open."""
        waiting = self._changed
        if not self._closed:
            await asyncio.wait({waiting}, timeout=timeout_s)
        return not self._closed

    def close(self) -> None:
        """Let all listeners go."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set_result(None)
        self._changed = self._loop.create_future()
