"""What the HTTP server is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp import web


class Part(Protocol):
    """A group of paths that belong together."""

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """What answers on which path; asked once, before the server listens."""
