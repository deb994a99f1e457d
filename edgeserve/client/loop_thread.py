"""An event loop in a thread, for callers that have none."""

from __future__ import annotations

import asyncio
import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from edgeserve.domain.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_T = TypeVar("_T")

_LOOK_UP_S = 0.5
"""How long a Ctrl-C may wait that came just as the caller went to sleep: that does not wake it."""


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
        # A queue, whose lock is in C: a Ctrl-C between the bytecodes of a `Future` or `Condition`
        # can leave their locks taken, and the loop's thread waiting for them.
        done: queue.SimpleQueue[asyncio.Task[_T]] = queue.SimpleQueue()
        tasks: list[asyncio.Task[_T]] = []

        def start() -> None:
            tasks.append(self._loop.create_task(coroutine))
            tasks[0].add_done_callback(done.put)

        def cancel() -> None:
            for task in tasks:
                task.cancel()

        try:
            self._loop.call_soon_threadsafe(start)
            task = None
            while task is None:
                with suppress(queue.Empty):
                    task = done.get(timeout=_LOOK_UP_S)
            return task.result()
        except BaseException:
            # Ctrl-C ends the waiting, and so the coroutine; one that failed is over anyway.
            self._loop.call_soon_threadsafe(cancel)
            raise

    def call(self, function: Callable[[], None]) -> None:
        """Call a function in the loop's thread, soon."""
        self._loop.call_soon_threadsafe(function)

    def close(self) -> None:
        """Stop the loop and wait for the thread's end."""
        if self.closed:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
