"""The HTTP server: one address, and the parts that answer on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from edgeserve.domain.errors import PortTakenError
from edgeserve.web.browser_safety import add_headers
from edgeserve.web.problems import problems

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from aiohttp.typedefs import Middleware

    from edgeserve.web.part import Part

_STOP_GRACE_S = 1.0
"""For requests that are in work when the server stops."""


class WebServer:
    """An aiohttp server on one address."""

    def __init__(
        self,
        listen: str,
        parts: Iterable[Part],
        *,
        middlewares: Iterable[Middleware] = (),
        max_body_bytes: int = 1 << 20,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare the server; nothing listens yet.

        Args:
            listen: HOST:PORT or unix:PATH, checked before.
            parts: what answers; no two on the same path.
            middlewares: around every request, the outermost first; what they raise under /api
                becomes a problem.
            max_body_bytes: the longest request body that is read.
            tls: what to encrypt with; a Unix socket is always plain.
        """
        self._listen = listen
        self._tls = tls
        application = web.Application(
            middlewares=(problems, *middlewares), client_max_size=max_body_bytes
        )
        application.on_response_prepare.append(add_headers)
        for part in parts:
            application.add_routes(part.routes())
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=_STOP_GRACE_S, handler_cancellation=True
        )

    async def start(self) -> str:
        """Listen.

        Returns:
            The address with the port that was taken.

        Raises:
            PortTakenError: somebody else listens there.
        """
        await self._runner.setup()
        try:
            return await self._bind()
        except OSError as error:
            text = (
                f"cannot listen on {self._listen}: {error.strerror or error}; stop the other "
                "server or choose another with --http-listen"
            )
            raise PortTakenError(text) from error

    async def stop(self) -> None:
        """Close all connections."""
        await self._runner.cleanup()

    async def _bind(self) -> str:
        if self._listen.startswith("unix:"):
            await web.UnixSite(self._runner, self._listen.removeprefix("unix:")).start()
            return self._listen
        host, _, port = self._listen.rpartition(":")
        site = web.TCPSite(self._runner, host.strip("[]"), int(port), ssl_context=self._tls)
        await site.start()
        return f"{host}:{self._runner.addresses[0][1]}"
