"""How many streams and calls are open at once, and their common end."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from edgeserve.access.refusals import Reason, Refusals
from edgeserve.domain.errors import LimitReachedError, ShuttingDownError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeserve.access.limits import Limits

_log = logging.getLogger(__name__)
_SHED_S = 2.0
"""For the answers of frames that were not run to be written."""


class Session(Protocol):
    """A stream that can be asked to end."""

    def drain(self) -> None:
        """Read no further; end when all that was read is answered."""

    def shed(self) -> None:
        """Answer what still waits as dropped."""


class Places:
    """One for each stream and call of a server, whatever its protocol."""

    def __init__(self, limits: Limits, refusals: Refusals | None = None) -> None:
        """Begin with all of them free; what is refused is counted."""
        self._limits = limits
        self._refusals = refusals or Refusals()
        self._sessions: set[Session] = set()
        self._open: set[asyncio.Future[None]] = set()
        """Each place that is taken, with a future that is done when it is free again."""
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the server takes no new work."""
        return self._closed

    @contextmanager
    def take(self, session: Session | None = None) -> Iterator[None]:
        """A place for one stream or call, for as long as it runs.

        Raises:
            ShuttingDownError: the server takes no new work.
            LimitReachedError: all places are taken.
        """
        if self._closed:
            text = "the server is shutting down"
            self._refusals.add(Reason.SHUTTING_DOWN)
            raise ShuttingDownError(text)
        most = self._limits.max_streams
        if len(self._open) >= most:
            text = f"{most} streams are open; the limit is {most} (setting max_streams)"
            self._refusals.add(Reason.MAX_STREAMS)
            raise LimitReachedError(text)
        end = asyncio.get_running_loop().create_future()
        self._open.add(end)
        if session is not None:
            self._sessions.add(session)
        try:
            yield
        finally:
            if session is not None:
                self._sessions.discard(session)
            self._open.discard(end)
            end.set_result(None)

    def close(self) -> None:
        """Give no more places, and ask the streams to end."""
        self._closed = True
        for session in self._sessions:
            session.drain()

    async def wait_until_free(self, timeout_s: float) -> None:
        """Wait for what is open to be answered; what is late is answered as dropped."""
        if not self._open:
            return
        _, late = await asyncio.wait(self._open, timeout=timeout_s)
        if not late:
            return
        _log.warning("%d streams and calls were not answered in drain_timeout", len(late))
        for session in self._sessions:
            session.shed()
        await asyncio.wait(late, timeout=_SHED_S)
