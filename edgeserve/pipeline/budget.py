"""The memory that waiting frames of all streams may take together."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeserve.pipeline.observer import Observer


class Budget:
    """Counts the bytes of frames that wait for a device; shared by all lanes."""

    def __init__(self, limit_bytes: int, observer: Observer) -> None:
        """Allow so many bytes."""
        self._limit_bytes = limit_bytes
        self._observer = observer
        self._used_bytes = 0
        self._lock = threading.Lock()

    @property
    def exhausted(self) -> bool:
        """Whether nothing more should be read."""
        return self._used_bytes >= self._limit_bytes

    @property
    def used_bytes(self) -> int:
        """What waits now."""
        return self._used_bytes

    def reserve(self, size_bytes: int) -> bool:
        """Count a frame if there is room for it; whether there was."""
        with self._lock:
            if self._used_bytes + size_bytes > self._limit_bytes:
                return False
            self._used_bytes += size_bytes
        self._observer.waiting_bytes(size_bytes)
        return True

    def add(self, size_bytes: int) -> None:
        """Count a frame that must be taken in any case; a negative size gives room back."""
        with self._lock:
            self._used_bytes += size_bytes
        self._observer.waiting_bytes(size_bytes)
