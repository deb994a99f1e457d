"""What it costs to be looked at: detections a second with and without viewers of the page.

Four cameras give frames as fast as they are looked at. In turns, in one process: no HTTP server;
the HTTP server and nobody there; one live viewer on each camera; a hundred on one. The viewers
are a process of their own on the same machine, which decodes nothing. Prints ratios of the
rounds' medians, memory, and how long the page took to answer::

    python tests/benchmarks/viewers.py --rounds 9 --seconds 10
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import psutil

from edgeserve.access.gate import Gate
from edgeserve.access.places import Places
from edgeserve.app.http import HttpServer
from edgeserve.app.model_manager import ModelManager
from edgeserve.cameras.observer import NullCameraObserver
from edgeserve.cameras.options import CameraOptions
from edgeserve.config.load import load_settings
from edgeserve.oip.service import OpenInference
from edgeserve.pipeline.cameras import Cameras
from edgeserve.pipeline.watchdog import Watchdog
from edgeserve.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from edgeserve.config.settings import Settings
    from edgeserve.pipeline.served import ServedModels

_CAMERAS = 4
_SETTLE_S = 2.0
_MOST = 100


class Phase:
    """One way of being looked at, and what was measured of it."""

    def __init__(self, name: str, viewers: tuple[int, ...] | None) -> None:
        """Begin; `viewers` are those of each camera, None means no HTTP server."""
        self.name = name
        self.viewers = viewers
        self.rates: list[float] = []
        self.memory_mb: list[float] = []
        self.answers_ms: list[float] = []
        self.pictures = 0


class Bench:
    """A server's inside, on which phases are measured in turns."""

    def __init__(
        self, settings: Settings, models: ServedModels, cameras: Cameras, metrics: Metrics
    ) -> None:
        """Measure on these."""
        self._settings = settings
        self._models = models
        self._cameras = cameras
        self._metrics = metrics

    async def measure(self, phase: Phase, seconds: float) -> None:
        """Add one round to a phase."""
        async with self._served(phase):
            await asyncio.sleep(_SETTLE_S)
            before, started_s = self._metrics.frames_finished, time.monotonic()
            await asyncio.sleep(seconds)
            finished = self._metrics.frames_finished - before
            phase.rates.append(finished / (time.monotonic() - started_s))
            phase.memory_mb.append(psutil.Process().memory_info().rss / 1e6)

    @asynccontextmanager
    async def _served(self, phase: Phase) -> AsyncIterator[None]:
        if phase.viewers is None:
            yield
            return
        server = HttpServer(
            self._settings.web,
            Gate(self._settings.access),
            OpenInference.of(self._models, self._settings.access, Places(self._settings.access)),
            self._cameras,
            list,
            only_local=True,
            render_metrics=self._metrics.render,
            is_ready=lambda: True,
        )
        address = await server.start()
        try:
            async with _looking(address, phase):
                asking = asyncio.create_task(_ask(address, phase))
                yield
                asking.cancel()
        finally:
            await server.stop()


@asynccontextmanager
async def _looking(address: str, phase: Phase) -> AsyncIterator[None]:
    """Viewers in a process of their own."""
    viewers = phase.viewers or ()
    if not any(viewers):
        yield
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        *("--view", address, *map(str, viewers)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield
    finally:
        told, _ = await process.communicate(b"")
        phase.pictures += int(told)


async def _ask(address: str, phase: Phase) -> None:
    """Open the page again and again, as a newcomer would."""
    async with aiohttp.ClientSession(f"http://{address}") as session:
        while True:
            started_s = time.monotonic()
            for path in ("/", "/static/main.js", "/api/cameras"):
                async with session.get(path) as response:
                    await response.read()
            phase.answers_ms.append((time.monotonic() - started_s) * 1000)
            await asyncio.sleep(1)


async def _view(address: str, viewers: list[int]) -> None:
    """Look until standard input ends, and tell how many pictures came."""
    seen = 0

    async def look(session: aiohttp.ClientSession, camera: int) -> None:
        nonlocal seen
        async with session.ws_connect(f"/api/cameras/camera-{camera}/live") as socket:
            async for _ in socket:
                seen += 1
                await socket.send_str("shown")

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(f"http://{address}", connector=connector) as session:
        looking = [
            asyncio.create_task(look(session, camera))
            for camera, count in enumerate(viewers)
            for _ in range(count)
        ]
        while not seen:  # noqa: ASYNC110 - each of many may be the first
            await asyncio.sleep(0.05)
        print("looking", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(seen, flush=True)
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)


async def _run(rounds: int, seconds: float) -> None:
    settings = load_settings(None, {}, {"http_listen": "127.0.0.1:0"})
    metrics = Metrics()
    watchdog = Watchdog(60, 60, metrics, on_change=lambda: None, on_hung=lambda _: None)
    control = await asyncio.to_thread(ModelManager, settings, metrics, watchdog, lambda: None)
    models = control.models
    cameras = Cameras(models, NullCameraObserver())
    phases = [
        Phase("no HTTP server", None),
        Phase("nobody looks", (0,) * _CAMERAS),
        Phase("one viewer a camera", (1,) * _CAMERAS),
        Phase("a hundred on one", (_MOST, 0, 0, 0)),
    ]
    try:
        for number in range(_CAMERAS):
            given = {"name": f"camera-{number}", "url": "pattern:640x480", "realtime": False}
            await asyncio.to_thread(cameras.add, CameraOptions.model_validate(given))
        await asyncio.sleep(10)  # both configurations of the device are in memory then
        bench = Bench(settings, models, cameras, metrics)
        for turn in range(rounds):
            # Each phase comes first as often as any other.
            for index in range(len(phases)):
                await bench.measure(phases[(turn + index) % len(phases)], seconds)
    finally:
        await asyncio.to_thread(cameras.close)
        await asyncio.to_thread(control.close)
        watchdog.close()
    base = statistics.median(phases[0].rates)
    for phase in phases:
        rate = statistics.median(phase.rates)
        line = (
            f"{phase.name}: {rate:.1f} frames/s, ratio {rate / base:.3f}, "
            f"{max(phase.memory_mb):.0f} MB at most"
        )
        if phase.answers_ms:
            middle, longest = statistics.median(phase.answers_ms), max(phase.answers_ms)
            line += f", the page in {middle:.0f} ms (at most {longest:.0f})"
        if phase.pictures:
            line += f", {phase.pictures} pictures shown"
        print(line)


def main() -> None:
    """Measure, or be the viewers of a measurement."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each phase in a round")
    parser.add_argument("--view", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.view:
        address, *viewers = arguments.view
        asyncio.run(_view(address, [int(count) for count in viewers]))
    else:
        asyncio.run(_run(arguments.rounds, arguments.seconds))


if __name__ == "__main__":
    main()
