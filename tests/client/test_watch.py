"""Watching a camera of a real server, by both clients, across a restart."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, asynccontextmanager, closing
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from edgeserve.access.limits import Limits
from edgeserve.cameras.observer import NullCameraObserver
from edgeserve.cameras.options import CameraOptions
from edgeserve.client import (
    AdminClient,
    AsyncDetectionClient,
    CameraState,
    DetectionClient,
    Encoding,
)
from edgeserve.domain.camera import CameraEvent, CameraResult, Line, Track, Zone
from edgeserve.domain.errors import CameraNotFoundError, RequestError, TransportError
from edgeserve.pipeline.cameras import Cameras
from edgeserve.serving.admin import AdminServer
from edgeserve.serving.options import ServingOptions
from edgeserve.serving.server import GrpcServer
from edgeserve.wire.codec.camera import camera_result_from_proto, camera_result_to_proto
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from edgeserve.domain.detections import Detections

ZONES = [{"name": "door", "points": [[0, 0], [1, 0], [1, 0.5]]}]
LINES = [{"name": "kerb", "start": [0, 0.5], "end": [1, 0.5]}]


class _Follower:
    least_score = 0.1

    def update(self, detections: Detections, _capture_ns: int) -> Sequence[Track]:
        return [Track(7, index, (0, 0, 1, 1), 1, 0.9) for index in range(len(detections))]


@asynccontextmanager
async def camera_server(
    tmp_path: Path, listen: str = "127.0.0.1:0"
) -> AsyncIterator[tuple[str, str]]:
    """A server with the camera `gate`: its address, and that of its admin service."""
    models = fakes.served_models()
    cameras = Cameras(models, NullCameraObserver(), make_tracker=lambda _: _Follower())
    given = {"name": "gate", "url": "pattern:64x48@50", "zones": ZONES, "lines": LINES}
    await asyncio.to_thread(cameras.add, CameraOptions.model_validate(given))
    options = ServingOptions(listen=listen, admin_listen=f"unix:{tmp_path / 'admin.sock'}")
    server, admin = (
        GrpcServer(models, list, Limits(), options, cameras),
        AdminServer(cameras, options, fakes.NoBundles()),
    )
    try:
        yield await server.start(), await admin.start()
    finally:
        await server.drain()
        await admin.stop()
        await server.stop()
        await asyncio.to_thread(cameras.close)
        models.close()


@pytest.mark.asyncio
async def test_both_clients_watch(tmp_path: Path) -> None:
    async with camera_server(tmp_path) as (address, _):
        async with AsyncDetectionClient(address) as client:
            async with aclosing(client.watch("gate")) as results:
                seen = await anext(results)
            (status,) = await client.list_cameras()

        def watch() -> list[CameraResult]:
            with (
                DetectionClient(address) as blocking,
                closing(blocking.watch("gate", include_image=True)) as results,
            ):
                return list(islice(results, 2))

        pictures = await asyncio.to_thread(watch)
    assert seen.camera == "gate"
    assert seen.result.labels == ("car",)
    assert seen.track_ids == (7,)
    assert seen.capture_time_unix_ns > 0
    assert seen.frame is None
    assert status.state is CameraState.RUNNING
    assert status.zones == (Zone("door", ((0, 0), (1, 0), (1, 0.5))),)
    assert status.lines == (Line("kerb", (0, 0.5), (1, 0.5)),)
    assert pictures[0].frame_number < pictures[1].frame_number
    assert pictures[0].frame is not None
    assert pictures[0].frame.encoding is Encoding.JPEG


@pytest.mark.asyncio
async def test_a_watch_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with camera_server(tmp_path) as (address, _):
        client = AsyncDetectionClient(address, reconnect_timeout=60)
        results = client.watch("gate")
        await anext(results)
    async with camera_server(tmp_path, address):
        # Results of before may still be on their way.
        restarted_unix_ns = time.time_ns()
        while (await anext(results)).capture_time_unix_ns < restarted_unix_ns:
            pass
        await results.aclose()
        await client.close()


@pytest.mark.asyncio
async def test_what_cannot_be_watched(tmp_path: Path) -> None:
    async with (
        camera_server(tmp_path) as (address, _),
        AsyncDetectionClient(address) as client,
    ):
        with pytest.raises(CameraNotFoundError, match="no camera 'no'; it reads gate"):
            await anext(client.watch("no"))
        with pytest.raises(RequestError, match="max_fps is -1"):
            await anext(client.watch("gate", max_fps=-1))


@pytest.mark.asyncio
async def test_a_server_that_was_never_there_is_said_at_once() -> None:
    async with AsyncDetectionClient("127.0.0.1:9", reconnect_timeout=3600) as client:
        with pytest.raises(TransportError, match="no server at"):
            await asyncio.wait_for(anext(client.watch("gate")), 60)


@pytest.mark.asyncio
async def test_cameras_are_changed_by_the_admin_client(tmp_path: Path) -> None:
    async with camera_server(tmp_path) as (address, admin_address):

        def change() -> list[tuple[str, CameraState]]:
            with AdminClient(admin_address) as admin, DetectionClient(address) as client:
                admin.add_camera("yard", "pattern:32x32", model="fake")
                admin.remove_camera("gate")
                admin.pause_camera("yard")
                with pytest.raises(CameraNotFoundError, match="no camera 'gate'"):
                    admin.pause_camera("gate", paused=False)
                with pytest.raises(RequestError, match="is there already"):
                    admin.add_camera("yard", "sample")
                while (found := client.list_cameras())[0].state is not CameraState.PAUSED:
                    pass
                return [(status.name, status.state) for status in found]

        assert await asyncio.to_thread(change) == [("yard", CameraState.PAUSED)]


@pytest.mark.asyncio
async def test_events_and_tracks_survive_the_wire(tmp_path: Path) -> None:
    async with (
        camera_server(tmp_path) as (address, _),
        AsyncDetectionClient(address) as client,
        aclosing(client.watch("gate")) as results,
    ):
        seen = await anext(results)
    event = CameraEvent("cross", "kerb", 7, "car", 5, "left")
    told = CameraResult("gate", 3, 9, seen.result, 64, 48, seen.tracks, (event,))
    back = camera_result_from_proto(camera_result_to_proto(told, b""))
    assert back.events == (event,)
    assert back.track_ids == (7,)
