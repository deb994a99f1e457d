"""Looks for newer versions of the models that serve."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from edgeserve.domain.errors import EdgeserveError

if TYPE_CHECKING:
    from edgeserve.app.model_manager import ModelManager
    from edgeserve.catalog.wish import Wish

_log = logging.getLogger(__name__)
_CLOSE_S = 30.0
"""A load that is under way ends first."""


class ModelWatch:
    """A thread that looks at the repository now and then, and loads what has changed there."""

    def __init__(self, manager: ModelManager, interval_s: float) -> None:
        """Begin to look."""
        self._manager = manager
        self._interval_s = interval_s
        self._seen: dict[Wish, object] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="model-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no longer."""
        self._closed.set()
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        while not self._closed.wait(self._interval_s):
            for wish in self._manager.wishes:
                self._look(wish)

    def _look(self, wish: Wish) -> None:
        """Load what differs from what was tried last and is as it was at the look before."""
        sight = self._manager.sight(wish)
        settled, self._seen[wish] = self._seen.get(wish) == sight, sight
        if not settled or sight == self._manager.tried(wish):
            return
        try:
            self._manager.load(wish.name, wish.version)
        except EdgeserveError:
            return  # it has been told, and is tried again when it has changed
        except Exception:  # noqa: BLE001 - the next look may be luckier
            _log.exception("model %s could not be looked at", wish)
