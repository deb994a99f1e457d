"""A thread with a bounded queue: what it delivers to may be slow or dead, and hurts nobody."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Item = TypeVar("_Item")
_log = logging.getLogger(__name__)
_LAST_WORDS_S = 1.0


@dataclass(frozen=True, slots=True)
class SinkCounts:
    """How a sink did so far.

    Attributes:
        delivered: items that arrived.
        failed: items that were tried and given up.
        dropped: items that were never tried, as the queue was full or the sink was closed.
        waiting: items in the queue now.
    """

    delivered: int
    failed: int
    dropped: int
    waiting: int


class Worker(Generic[_Item]):
    """Delivers items one by one, in their order."""

    def __init__(self, name: str, size: int, deliver: Callable[[_Item], bool]) -> None:
        """Prepare the thread.

        Args:
            name: of the sink, for the log.
            size: of the queue; when it is full the oldest item gives way.
            deliver: called in the thread for each item; may take its time, but must return soon
                when `ending` is set. Returns whether the item arrived.
        """
        self.name = name
        self.ending = threading.Event()
        self._deliver = deliver
        self._size = size
        self._queue: deque[_Item] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._trouble = ""
        self._delivered = self._failed = self._dropped = 0
        self._thread = threading.Thread(target=self._run, name=f"sink-{name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, item: _Item) -> None:
        """Queue an item, from any thread, without waiting."""
        with self._changed:
            if self._closed:
                self._dropped += 1
                return
            if len(self._queue) == self._size:
                self._queue.popleft()
                self._dropped += 1
            self._queue.append(item)
            self._changed.notify()

    def close(self, seconds: float) -> bool:
        """Take nothing new; deliver what waits, for so long; drop the rest.

        A sink that is in trouble is not waited for.

        Returns:
            Whether the thread has ended; one that hangs in the system is left behind.
        """
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive() and not self._trouble:
            self._thread.join(seconds)
        self.ending.set()
        if self._thread.is_alive():
            self._thread.join(_LAST_WORDS_S)
        return not self._thread.is_alive()

    def counts(self) -> SinkCounts:
        """How it did so far."""
        with self._changed:
            return SinkCounts(self._delivered, self._failed, self._dropped, len(self._queue))

    def trouble(self, text: str) -> None:
        """Say in the log that deliveries fail; once, until they work again."""
        if not self._trouble:
            _log.warning("%s: %s", self.name, text)
        self._trouble = text

    def well(self) -> None:
        """Say in the log that deliveries work again, if they did not."""
        if self._trouble:
            _log.info("%s: works again", self.name)
        self._trouble = ""

    def _run(self) -> None:
        while (item := self._take()) is not None:
            try:
                arrived = self._deliver(item)
            except Exception:  # noqa: BLE001 - a fault of ours must not end the sink
                _log.exception("%s: an item could not be delivered", self.name)
                arrived = False
            with self._changed:
                self._delivered += arrived
                self._failed += not arrived

    def _take(self) -> _Item | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            if self.ending.is_set():
                self._dropped += len(self._queue)
                self._queue.clear()
            return self._queue.popleft() if self._queue else None
