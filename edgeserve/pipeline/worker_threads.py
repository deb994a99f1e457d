"""The threads of a lane: started together, waited for together."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)
_CLOSE_S = 10.0


class WorkerThreads:
    """Daemons: the process can end without one that an inference holds."""

    def __init__(self, device: str) -> None:
        """Begin without any."""
        self._device = device
        self._threads: list[threading.Thread] = []

    def start(self, work: Callable[[], None]) -> None:
        """Start one more."""
        name = f"lane-{self._device}-{len(self._threads)}"
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        """Wait until all have ended, for some seconds at most."""
        deadline = time.monotonic() + _CLOSE_S
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))
        stuck = sum(thread.is_alive() for thread in self._threads)
        if stuck:
            _log.error("%d threads of %s did not end in %g s", stuck, self._device, _CLOSE_S)
