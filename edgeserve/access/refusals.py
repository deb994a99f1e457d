"""What was refused to callers, counted by why; for the event loop's thread only."""

from __future__ import annotations

from enum import Enum


class Reason(str, Enum):
    """Why: the setting whose limit it was, where it was one."""

    UNAUTHENTICATED = "unauthenticated"
    NOT_PERMITTED = "not_permitted"
    WITHDRAWN = "withdrawn"
    """The caller's access ended while a call ran."""
    FOREIGN_PAGE = "foreign_page"
    """A web page of another site had a browser ask."""
    CLIENT_MAX_STREAMS = "client_max_streams"
    CLIENT_MAX_CALLS = "client_max_calls"
    CLIENT_MAX_FPS = "client_max_fps"
    CLIENT_MAX_BYTES = "client_max_bytes"
    CLIENT_MAX_PIXELS = "client_max_pixels"
    MAX_STREAMS = "max_streams"
    SHUTTING_DOWN = "shutting_down"


class Refusals:
    """Counts of a server's life."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counts = dict.fromkeys(Reason, 0)

    def add(self, reason: Reason) -> None:
        """Count a call or a frame that was refused."""
        self._counts[reason] += 1

    def counts(self) -> dict[Reason, int]:
        """How many there were, of every reason."""
        return dict(self._counts)
