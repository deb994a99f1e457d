"""Metrics and probes: for machines, at paths that they know."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Probes:
    """/metrics, /healthz and /readyz."""

    def __init__(
        self,
        render_metrics: Callable[[str], tuple[bytes, str]],
        is_ready: Callable[[], bool],
    ) -> None:
        """Prepare the part.

        Args:
            render_metrics: header Accept to body and content type of /metrics.
            is_ready: what /readyz tells.
        """
        self._render_metrics = render_metrics
        self._is_ready = is_ready

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """See `Part`."""
        return (
            web.get("/metrics", self._metrics),
            web.get("/healthz", self._healthz),
            web.get("/readyz", self._readyz),
        )

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
