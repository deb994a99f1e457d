"""Metrics and probes over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from edgeserve.domain.errors import PortTakenError

if TYPE_CHECKING:
    from collections.abc import Callable


class WebServer:
    """An aiohttp server on one address."""

    def __init__(
        self,
        listen: str,
        render_metrics: Callable[[str], tuple[bytes, str]],
        is_ready: Callable[[], bool],
    ) -> None:
        """Prepare the server; nothing listens yet.

        Args:
            listen: HOST:PORT or unix:PATH, checked before.
            render_metrics: header Accept to body and content type of /metrics.
            is_ready: what /readyz tells.
        """
        self._listen = listen
        self._render_metrics = render_metrics
        self._is_ready = is_ready
        application = web.Application()
        application.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
            ],
        )
        self._runner = web.AppRunner(application, access_log=None)

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
        await web.TCPSite(self._runner, host.strip("[]"), int(port)).start()
        return f"{host}:{self._runner.addresses[0][1]}"

    async def _metrics(self, request: web.Request) -> web.Response:
        accept = request.headers.get("Accept", "")
        # Sensors and drivers are asked for it, which may take its time.
        body, content_type = await asyncio.to_thread(self._render_metrics, accept)
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _healthz(self, _request: web.Request) -> web.Response:
        """The process answers."""
        return web.Response(text="ok\n")

    async def _readyz(self, _request: web.Request) -> web.Response:
        """Every model can serve, and the server is not about to stop."""
        if self._is_ready():
            return web.Response(text="ready\n")
        return web.Response(status=503, text="not ready\n")
