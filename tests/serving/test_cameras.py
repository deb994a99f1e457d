"""WatchCamera, ListCameras and the admin service over real channels."""

from __future__ import annotations

import asyncio
import stat
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from edgeserve.access.limits import Limits
from edgeserve.cameras.observer import NullCameraObserver
from edgeserve.cameras.options import CameraOptions
from edgeserve.domain.errors import ConfigurationError, PortTakenError
from edgeserve.domain.frame import ColorOrder, EncodedFrame
from edgeserve.pipeline.cameras import Cameras
from edgeserve.preprocess.decode import decode
from edgeserve.serving.address import check_admin_address
from edgeserve.serving.admin import AdminServer
from edgeserve.serving.options import ServingOptions
from edgeserve.serving.server import GrpcServer
from edgeserve.wire._generated import admin_pb2
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated.admin_pb2_grpc import AdminServiceStub
from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceStub
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from edgeserve.wire._generated.admin_pb2_grpc import AdminServiceAsyncStub
    from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceAsyncStub

CODES = grpc.StatusCode


class Observer(NullCameraObserver):
    def __init__(self) -> None:
        self.let_go: list[str] = []

    def watcher_let_go(self, camera: str) -> None:
        self.let_go.append(camera)


@dataclass
class Running:
    cameras: Cameras
    observer: Observer
    server: GrpcServer
    address: str
    stub: DetectionServiceAsyncStub
    admin: AdminServiceAsyncStub
    admin_path: Path

    async def names(self) -> list[str]:
        listed = await self.stub.ListCameras(pb.ListCamerasRequest())
        return [camera.name for camera in listed.cameras]

    async def until(self, name: str, state: pb.CameraState.ValueType) -> None:
        """Wait until a camera is in a state."""
        found = False
        while not found:
            listed = await self.stub.ListCameras(pb.ListCamerasRequest())
            found = any(c.name == name and c.state == state for c in listed.cameras)


@asynccontextmanager
async def serving(tmp_path: Path, **camera: Any) -> AsyncIterator[Running]:  # noqa: ANN401
    models = fakes.served_models()
    observer = Observer()
    cameras = Cameras(models, observer)
    given = {"name": "gate", "url": "pattern:64x48@50", **camera}
    await asyncio.to_thread(cameras.add, CameraOptions.model_validate(given))
    path = tmp_path / "admin.sock"
    options = ServingOptions(listen="127.0.0.1:0", admin_listen=f"unix:{path}")
    server = GrpcServer(models, list, Limits(), options, cameras)
    admin = AdminServer(cameras, options, fakes.NoBundles())
    try:
        address = await server.start()
        admin_address = await admin.start()
        async with (
            grpc.aio.insecure_channel(address) as channel,
            grpc.aio.insecure_channel(admin_address) as admin_channel,
        ):
            yield Running(
                cameras,
                observer,
                server,
                address,
                DetectionServiceStub(channel),
                AdminServiceStub(admin_channel),
                path,
            )
    finally:
        await admin.stop()
        await server.stop()
        await asyncio.to_thread(cameras.close)
        models.close()


async def read(call: grpc.aio.UnaryStreamCall[Any, pb.WatchCameraResponse]) -> Any:  # noqa: ANN401
    return await asyncio.wait_for(call.read(), 60)


async def code_of(call: Any) -> tuple[grpc.StatusCode, str]:  # noqa: ANN401 - any call
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asyncio.wait_for(call, 60)
    return caught.value.code(), caught.value.details() or ""


async def ending(
    call: grpc.aio.UnaryStreamCall[Any, pb.WatchCameraResponse],
) -> tuple[grpc.StatusCode, str]:
    """Read a watch to its end."""
    try:
        while await read(call) is not grpc.aio.EOF:
            pass
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details() or ""
    pytest.fail("the watch ended without a status")


@pytest.mark.asyncio
async def test_several_watch_one_camera(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        calls = [running.stub.WatchCamera(pb.WatchCameraRequest(camera="gate")) for _ in range(3)]
        for call in calls:
            first, second = await read(call), await read(call)
            assert first.camera == "gate"
            assert first.result.frame_id < second.result.frame_id
            assert first.capture_time_unix_ns < second.capture_time_unix_ns
            assert first.result.detections[0].label == "car"
            assert first.result.HasField("age_us")
            assert not first.jpeg
        calls[0].cancel()
        await read(calls[1])


@pytest.mark.asyncio
async def test_the_picture_comes_as_jpeg_where_it_is_asked_for(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        request = pb.WatchCameraRequest(camera="gate", include_image=True)
        response = await read(running.stub.WatchCamera(request))
    picture = decode(EncodedFrame(0, response.jpeg), ColorOrder.BGR, 10_000)
    assert (picture.width_px, picture.height_px) == (64, 48)


@pytest.mark.asyncio
async def test_results_are_thinned_to_the_rate_that_is_asked_for(tmp_path: Path) -> None:
    async with serving(tmp_path, url="pattern:16x16@100") as running:
        slow = running.stub.WatchCamera(pb.WatchCameraRequest(camera="gate", max_fps=2))
        numbers = [(await read(slow)).result.frame_id for _ in range(3)]
    # Two a second of a hundred: many are passed over between two.
    assert numbers[2] - numbers[1] > 2


@pytest.mark.asyncio
@pytest.mark.parametrize("max_fps", [-1, float("nan"), float("inf")])
async def test_a_rate_that_makes_no_sense_is_refused(tmp_path: Path, max_fps: float) -> None:
    async with serving(tmp_path) as running:
        call = running.stub.WatchCamera(pb.WatchCameraRequest(camera="gate", max_fps=max_fps))
        code, details = await code_of(call.read())
    assert code is CODES.INVALID_ARGUMENT
    assert "max_fps" in details


@pytest.mark.asyncio
async def test_a_camera_that_is_not_there_and_one_that_goes(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        missing = running.stub.WatchCamera(pb.WatchCameraRequest(camera="no"))
        assert await code_of(missing.read()) == (
            CODES.NOT_FOUND,
            "this server has no camera 'no'; it reads gate",
        )
        call = running.stub.WatchCamera(pb.WatchCameraRequest(camera="gate"))
        await read(call)
        await running.admin.RemoveCamera(admin_pb2.RemoveCameraRequest(name="gate"))
        assert await ending(call) == (CODES.NOT_FOUND, "camera 'gate' was removed")


@pytest.mark.asyncio
async def test_a_drain_ends_watches_as_unavailable(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        call = running.stub.WatchCamera(pb.WatchCameraRequest(camera="gate"))
        await read(call)
        await asyncio.wait_for(running.server.drain(), 60)
        assert (await ending(call))[0] is CODES.UNAVAILABLE


@pytest.mark.asyncio
async def test_a_client_that_does_not_read_is_let_go_and_others_are_not(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, url="pattern:640x480@50") as running,
        # A window that does not grow: little fits between the server and a client that sleeps.
        grpc.aio.insecure_channel(
            running.address, options=[("grpc.http2.bdp_probe", 0)]
        ) as channel,
    ):
        request = pb.WatchCameraRequest(camera="gate", include_image=True)
        sleeping = DetectionServiceStub(channel).WatchCamera(request)
        reading = running.stub.WatchCamera(pb.WatchCameraRequest(camera="gate"))
        await sleeping.wait_for_connection()
        while not running.observer.let_go:
            await read(reading)
        assert running.observer.let_go == ["gate"]
        # What was sent before comes first, then why there is no more.
        code, details = await ending(sleeping)
        assert code is CODES.RESOURCE_EXHAUSTED
        assert "read too slowly" in details
        await read(reading)


@pytest.mark.asyncio
async def test_cameras_are_added_paused_resumed_and_removed(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        mode = stat.S_IMODE(running.admin_path.stat().st_mode)
        assert mode == 0o660
        add = admin_pb2.AddCameraRequest(name="yard", url="pattern:32x32@50")
        await running.admin.AddCamera(add)
        await read(running.stub.WatchCamera(pb.WatchCameraRequest(camera="yard")))
        await running.admin.PauseCamera(admin_pb2.PauseCameraRequest(name="yard", paused=True))
        await running.until("yard", pb.CAMERA_STATE_PAUSED)
        await running.admin.PauseCamera(admin_pb2.PauseCameraRequest(name="yard", paused=False))
        await running.until("yard", pb.CAMERA_STATE_RUNNING)
        await running.admin.RemoveCamera(admin_pb2.RemoveCameraRequest(name="yard"))
        assert await running.names() == ["gate"]
    assert not running.admin_path.exists()


@pytest.mark.asyncio
async def test_changes_that_make_no_sense_are_refused_and_tell_no_secret(tmp_path: Path) -> None:
    secret = "rtsp://u:hunter2@h/x"  # noqa: S105 - to be found nowhere
    async with serving(tmp_path) as running:
        admin = running.admin
        for name, url, code, said in (
            ("gate", "sample", CODES.INVALID_ARGUMENT, "is there already"),
            ("a b", secret, CODES.INVALID_ARGUMENT, "camera: name: String should match"),
            ("x", "", CODES.INVALID_ARGUMENT, "camera: url: String should have at least 1"),
            ("x", secret.replace("rtsp", "ftp"), CODES.INVALID_ARGUMENT, "are not read"),
        ):
            told = await code_of(admin.AddCamera(admin_pb2.AddCameraRequest(name=name, url=url)))
            assert told[0] is code
            assert said in told[1]
            assert "hunter2" not in told[1]
        request = admin_pb2.AddCameraRequest(name="x", url="sample", model="none")
        assert (await code_of(admin.AddCamera(request)))[0] is CODES.NOT_FOUND
        pause = admin.PauseCamera(admin_pb2.PauseCameraRequest(name="no", paused=True))
        assert (await code_of(pause))[0] is CODES.NOT_FOUND
        load = admin.LoadModel(admin_pb2.LoadModelRequest(name="m"))
        assert await code_of(load) == (CODES.NOT_FOUND, "there is no model 'm'")


@pytest.mark.asyncio
async def test_a_listing_has_no_credentials(tmp_path: Path) -> None:
    url = "rtsp://admin:hunter2@camera.invalid/x"
    async with serving(tmp_path, url=url, reconnect_first=0.05) as running:
        while True:
            listed = await running.stub.ListCameras(pb.ListCamerasRequest())
            if listed.cameras[0].last_error:
                break
            await asyncio.sleep(0.02)
    assert "camera.invalid" in listed.cameras[0].last_error
    assert "hunter2" not in str(listed)


@pytest.mark.asyncio
async def test_the_socket_of_another_server_is_not_stolen(tmp_path: Path) -> None:
    async with serving(tmp_path) as running:
        options = ServingOptions(admin_listen=f"unix:{running.admin_path}")
        second = AdminServer(running.cameras, options, fakes.NoBundles())
        with pytest.raises(PortTakenError, match="another server does"):
            await second.start()
        await running.admin.PauseCamera(admin_pb2.PauseCameraRequest(name="gate", paused=True))


def test_a_network_address_needs_its_switch() -> None:
    with pytest.raises(ConfigurationError, match="say --admin-network"):
        check_admin_address(ServingOptions(admin_listen="127.0.0.1:8002"))
    check_admin_address(ServingOptions(admin_listen="127.0.0.1:8002", admin_network=True))
    with pytest.raises(ConfigurationError, match=r"admin_listen is 0\.0\.0\.0:8002: that opens"):
        check_admin_address(ServingOptions(admin_listen="0.0.0.0:8002", admin_network=True))
    check_admin_address(ServingOptions(admin_listen=""))
