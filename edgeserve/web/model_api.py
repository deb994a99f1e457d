"""Models and devices over HTTP."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from edgeserve.web.operation import Operation
from edgeserve.web.problems import API
from edgeserve.web.records import device_record, encode, model_record
from edgeserve.web.schemas import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from edgeserve.domain.status import DeviceStatus
    from edgeserve.pipeline.served import ServedModels

_FRESH_S = 60.0
"""Asking every runtime takes a moment; devices seldom come and go."""


class ModelApi:
    """/api/models and /api/devices."""

    def __init__(
        self,
        models: ServedModels,
        devices: Callable[[], Sequence[DeviceStatus]],
    ) -> None:
        """Tell of these models, and of the devices that `devices` finds."""
        self._models = models
        self._devices = devices
        self._lock = asyncio.Lock()
        self._known: Sequence[DeviceStatus] = ()
        self._asked_s: float | None = None

    def operations(self) -> Iterable[Operation]:
        """See `ApiPart`."""
        return (
            Operation(
                "GET",
                f"{API}/models",
                "listModels",
                "The models: ready or not, and which device was asked for, chosen, and why.",
                self._list_models,
                schema=listed("models", "Model"),
            ),
            Operation(
                "GET",
                f"{API}/devices",
                "listDevices",
                "The devices of this machine, usable or not, and what is missing.",
                self._list_devices,
                schema=listed("devices", "Device"),
            ),
        )

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """See `Part`."""
        return [operation.route() for operation in self.operations()]

    async def _list_models(self, _request: web.Request, _given: Mapping[str, Any]) -> web.Response:
        records = [model_record(status) for status in self._models.statuses()]
        return web.json_response({"models": records}, dumps=encode)

    async def _list_devices(self, _request: web.Request, _given: Mapping[str, Any]) -> web.Response:
        async with self._lock:
            if self._asked_s is None or time.monotonic() - self._asked_s > _FRESH_S:
                self._known = await asyncio.to_thread(self._devices)
                self._asked_s = time.monotonic()
        records = [device_record(status) for status in self._known]
        return web.json_response({"devices": records}, dumps=encode)
