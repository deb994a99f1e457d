"""Browsers that have logged in with a token."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

LIFETIME_S = 12 * 3600
"""After which a browser must log in again."""
_MOST = 256
"""Open at once; the oldest ends for a new one."""


class _Session(NamedTuple):
    digest: str
    ends_s: float


class Sessions:
    """Random names of sessions, in memory only: a restart ends them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without any."""
        self._clock = clock
        self._sessions: dict[str, _Session] = {}

    def begin(self, digest: str) -> str:
        """A session of whoever has the token of this digest."""
        now_s = self._clock()
        # In the order in which they began, so in the order in which they end.
        for name in list(self._sessions):
            if self._sessions[name].ends_s > now_s and len(self._sessions) < _MOST:
                break
            del self._sessions[name]
        name = secrets.token_urlsafe(32)
        self._sessions[name] = _Session(digest, now_s + LIFETIME_S)
        return name

    def digest(self, name: str) -> str:
        """The digest of a session's token; "" where there is no such session, or no longer."""
        session = self._sessions.get(name)
        if session is None or session.ends_s <= self._clock():
            return ""
        return session.digest

    def end(self, name: str) -> None:
        """End a session, if it is there."""
        self._sessions.pop(name, None)
