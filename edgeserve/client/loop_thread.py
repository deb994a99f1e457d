"""An event loop in a thread, for callers that have none."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from edgeserve.domain.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Coroutine

_T = TypeVar("_T")


class LoopThread:
    """Runs coroutines for other threads, from its making until `close`."""

    def __init__(self) -> None:
        """Start the thread."""
        self._loop = asyncio.new_event_loop()
        # A daemon: a client that nobody closed must not hold the program's end.
        self._thread = threading.Thread(
            target=self._loop.run_forever,
            name="edgeserve-client",
            daemon=True,
        )
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._loop.is_closed()

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine to its end and return what it returns.

        Raises:
            TransportError: the loop is closed.
        """
        if self.closed:
            coroutine.close()
            text = "this client is closed; expected calls before close(), inside its `with` block"
            raise TransportError(text)
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            # Ctrl-C ends the waiting, and so the coroutine; one that failed is over anyway.
            future.cancel()
            raise

    def close(self) -> None:
        """Stop the loop and wait for the thread's end."""
        if self.closed:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
