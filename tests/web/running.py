"""The whole HTTP server on a real socket, with cameras of test patterns and the fake engine."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edgeserve.access.gate import Gate
from edgeserve.access.options import AccessOptions
from edgeserve.access.places import Places
from edgeserve.app.http import HttpServer
from edgeserve.cameras.observer import NullCameraObserver
from edgeserve.cameras.options import CameraOptions
from edgeserve.domain.camera import CameraEvent
from edgeserve.domain.status import DeviceStatus
from edgeserve.oip.service import OpenInference
from edgeserve.pipeline.cameras import Cameras, add_all
from edgeserve.web.options import WebOptions
from tests import fakes
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from typing_extensions import Self

    from edgeserve.domain.camera import CameraResult

GATE = {"name": "gate", "url": "pattern:128x96@50"}
ZONE = {"name": "door", "points": [[0.5, 0.5], [0.9, 0.5], [0.9, 0.9], [0.5, 0.9]]}


def still(folder: Path, name: str = "still") -> dict[str, Any]:
    """A camera that shows the same grey picture again and again."""
    path = folder / f"{name}.png"
    assert cv2.imwrite(str(path), np.full((128, 128, 3), 90, np.uint8))
    return {"name": name, "url": str(path), "fps": 30}


class SomethingEveryTime:
    """Finds an event in each of the first frames."""

    def __init__(self, most: int = 5) -> None:
        self._left = most

    def update(self, result: CameraResult) -> Sequence[CameraEvent]:
        self._left -= 1
        if self._left < 0:
            return ()
        return [CameraEvent("zone_left", "door", 7, "car", result.capture_time_unix_ns, "", 1500)]


@dataclass
class Setting:
    """What is served.

    Attributes:
        cameras: options of each.
        web: options of the HTTP port.
        limits: for pictures.
        answer: of the fake engine.
        events: of all cameras together.
    """

    cameras: Sequence[dict[str, Any]] = (GATE,)
    web: dict[str, Any] = field(default_factory=dict)
    limits: AccessOptions = field(default_factory=AccessOptions)
    answer: fakes.Answer = fakes.one_object
    events: bool = False


@dataclass
class Running:
    """A server that listens."""

    url: str
    cameras: Cameras
    server: HttpServer


def devices() -> list[DeviceStatus]:
    return [
        DeviceStatus("fake:CPU", "fake", "1", "a chip", available=True, precisions=("INT8",)),
        DeviceStatus("fake:GPU", "fake", missing="no such chip; buy one"),
    ]


@asynccontextmanager
async def serving(setting: Setting | None = None) -> AsyncIterator[Running]:
    """Serve until the context ends."""
    setting = setting or Setting()
    models = fakes.served_models(setting.answer)
    cameras = Cameras(
        models,
        NullCameraObserver(),
        make_event_finder=lambda _: SomethingEveryTime() if setting.events else None,
    )
    server = HttpServer(
        WebOptions(http_listen="127.0.0.1:0", **setting.web),
        Gate(setting.limits),
        OpenInference.of(models, setting.limits, Places(setting.limits)),
        cameras,
        devices,
        only_local=True,
        render_metrics=lambda _: (b"metrics\n", "text/plain"),
        is_ready=lambda: True,
    )
    try:
        options = [CameraOptions.model_validate(camera) for camera in setting.cameras]
        await asyncio.to_thread(add_all, cameras, options)
        yield Running(f"http://{await server.start()}", cameras, server)
    finally:
        await server.stop()
        await asyncio.to_thread(cameras.close)
        models.close()


class ServerThread:
    """`serving` on a loop of its own, for clients that block."""

    def __init__(self, setting: Setting | None = None) -> None:
        self._setting = setting
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="http-server")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        if self._fault is not None:
            self._thread.join()
            raise self._fault
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        if self._fault is not None:
            raise self._fault

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            self._fault = error
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()
            self._ready.set()

    async def _serve(self) -> None:
        async with serving(self._setting) as running:
            self.url, self.cameras = running.url, running.cameras
            self._ready.set()
            await self._stop.wait()
