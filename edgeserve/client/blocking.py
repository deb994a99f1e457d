"""A blocking iterable, as an asynchronous one."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from typing import Generic, TypeVar

_T = TypeVar("_T")

_PATIENCE_S = 2.0
"""For an item that is being made when nobody wants it any more."""


class Unblocked(AsyncIterator[_T], Generic[_T]):
    """Pulls an iterable in a thread of its own, one item at a time, when asked for it."""

    def __init__(self, items: Iterable[_T]) -> None:
        """Start the thread; call it where an event loop runs."""
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._wanted: queue.SimpleQueue[asyncio.Future[_T] | None] = queue.SimpleQueue()
        # A daemon: a camera that never gives its next frame must not hold the program's end.
        threading.Thread(
            target=self._run,
            args=(items,),
            name="edgeserve-pictures",
            daemon=True,
        ).start()

    async def __anext__(self) -> _T:
        """Return the next item."""
        future: asyncio.Future[_T] = self._loop.create_future()
        self._wanted.put(future)
        return await future

    async def close(self) -> None:
        """Let the thread end, so that the caller may close what it read.

        One that is stuck in the iterable is waited for a little and then left behind.
        """
        self._wanted.put(None)
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._ended.wait(), _PATIENCE_S)

    def _run(self, items: Iterable[_T]) -> None:
        future = None
        try:
            iterator = iter(items)
            while (future := self._wanted.get()) is not None:
                self._settle(future, next(iterator), None)
        except StopIteration:
            self._fail(future, StopAsyncIteration())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's
            self._fail(future or self._wanted.get(), error)
        finally:
            self._tell(self._ended.set)

    def _fail(self, future: asyncio.Future[_T] | None, error: BaseException) -> None:
        if future is not None:
            self._settle(future, None, error)

    def _settle(
        self,
        future: asyncio.Future[_T],
        item: _T | None,
        error: BaseException | None,
    ) -> None:
        def settle() -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(item)  # type: ignore[arg-type]  # None only beside an error

        self._tell(settle)

    def _tell(self, callback: Callable[[], object]) -> None:
        # A loop that has been closed has nobody to tell.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback)
