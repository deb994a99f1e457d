"""The HTTP server with all its parts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from edgeserve.web.camera_api import CameraApi
from edgeserve.web.detect_api import DetectApi
from edgeserve.web.event_api import EventApi
from edgeserve.web.event_log import EventLog
from edgeserve.web.figures import Figures
from edgeserve.web.guard import create_guard
from edgeserve.web.live_api import LiveApi
from edgeserve.web.login import Login
from edgeserve.web.model_api import ModelApi
from edgeserve.web.oip import OipRoutes
from edgeserve.web.openapi import OpenApi
from edgeserve.web.page import Page
from edgeserve.web.probes import Probes
from edgeserve.web.server import WebServer
from edgeserve.web.views import Views

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgeserve.access.gate import Gate
    from edgeserve.domain.status import DeviceStatus
    from edgeserve.oip.service import OpenInference
    from edgeserve.pipeline.cameras import Cameras
    from edgeserve.web.operation import ApiPart
    from edgeserve.web.options import WebOptions
    from edgeserve.web.part import Part


class HttpServer:
    """What answers on the HTTP port, joined with models and cameras."""

    def __init__(
        self,
        options: WebOptions,
        gate: Gate,
        oip: OpenInference,
        cameras: Cameras,
        devices: Callable[[], Sequence[DeviceStatus]],
        *,
        only_local: bool,
        render_metrics: Callable[[str], tuple[bytes, str]],
        is_ready: Callable[[], bool],
    ) -> None:
        """Prepare the server; nothing listens yet. To be made where a loop runs.

        Args:
            options: of the HTTP port.
            gate: who may do what, and the limits for pictures that are sent.
            oip: the Open Inference Protocol, and by it the models.
            cameras: to show.
            devices: lists the machine's devices.
            only_local: see `create_guard`.
            render_metrics: see `Probes`.
            is_ready: see `Probes`.
        """
        limits, models = gate.options, oip.inference.models
        self._views = Views(cameras, options)
        self._log = EventLog(asyncio.get_running_loop())
        figures = Figures()
        api: list[ApiPart] = [
            CameraApi(cameras, figures, self._views),
            LiveApi(self._views),
            EventApi(self._log, self._views),
            ModelApi(models, devices),
            DetectApi(models, limits, gate.refusals),
        ]
        parts: list[Part] = [
            Probes(render_metrics, is_ready),
            Login(gate),
            Page(),
            OpenApi(api),
            OipRoutes(oip),
        ]
        self._server = WebServer(
            options.http_listen,
            [*parts, *api],
            middlewares=[create_guard(gate, only_local=only_local)],
            max_body_bytes=2 * limits.max_frame_bytes,
            tls=None if gate.tls is None else gate.tls.context(),
        )
        self._ends = [cameras.subscribe(figures), cameras.subscribe(self._log)]

    async def start(self) -> str:
        """Listen; see `WebServer.start`."""
        return await self._server.start()

    async def stop(self) -> None:
        """Let viewers go, then close all connections."""
        for end in self._ends:
            end()
        self._log.close()
        await self._views.close()
        await self._server.stop()
