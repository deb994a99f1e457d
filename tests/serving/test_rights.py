"""Each RPC with and without its right, by tokens."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from edgeserve.access.gate import Gate
from edgeserve.access.options import AccessOptions
from edgeserve.access.rights import Right
from edgeserve.access.token_file import create_token, revoke_token
from edgeserve.access.tokens import digest_of
from edgeserve.client import AsyncDetectionClient, Credentials, HealthStatus
from edgeserve.domain.errors import NotPermittedError, UnauthenticatedError
from edgeserve.pipeline.cameras import Cameras
from edgeserve.serving.admin import AdminServer
from edgeserve.serving.options import ServingOptions
from edgeserve.serving.rpc_rights import _TABLE, ADMIN, rights_for
from edgeserve.telemetry.camera_metrics import CameraMetrics
from edgeserve.telemetry.metrics import Metrics
from edgeserve.wire._generated import admin_pb2, detection_pb2
from edgeserve.wire._generated.admin_pb2_grpc import AdminServiceStub
from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceStub
from tests import fakes
from tests.serving.conftest import read
from tests.serving.guarded import guarded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from edgeserve.wire._generated.admin_pb2_grpc import AdminServiceAsyncStub
    from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceAsyncStub

PATIENCE_S = 60
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
DENIED = grpc.StatusCode.PERMISSION_DENIED


@pytest.fixture
def tokens(tmp_path: Path) -> dict[str, str]:
    """A token for each right, by the right's name, in the file `tokens`."""
    path = tmp_path / "tokens"
    return {right.value: create_token(path, right.value, frozenset({right})) for right in Right}


@pytest.fixture
def asking(tmp_path: Path, tokens: dict[str, str]) -> AccessOptions:
    """Options of a server that takes these tokens."""
    assert tokens
    return AccessOptions(tokens_file=str(tmp_path / "tokens"))


def shown(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),) if token else ()


async def outcome(
    stub: DetectionServiceAsyncStub, rpc: str, token: str, *, good: bool = False
) -> grpc.StatusCode:
    """The status of a call, OK included; a stream that is good is read until its first answer.

    One that is not good writes nothing: grpc.aio gives a status of its own to a write that meets
    the end of its call.
    """
    picture = detection_pb2.Frame(image=detection_pb2.Image(data=fakes.jpeg()))
    metadata = shown(token)
    call: Any
    try:
        if rpc == "Detect":
            await stub.Detect(detection_pb2.DetectRequest(frame=picture), metadata=metadata)
        elif rpc == "StreamDetect":
            call = stub.StreamDetect(metadata=metadata)
            if not good:
                return await call.code()  # type: ignore[no-any-return]
            await call.write(detection_pb2.StreamDetectRequest(config=detection_pb2.StreamConfig()))
            await call.write(detection_pb2.StreamDetectRequest(frame=picture))
            await read(call)
            call.cancel()
        elif rpc == "WatchCamera":
            # There is no camera: who may look learns that.
            call = stub.WatchCamera(detection_pb2.WatchCameraRequest(), metadata=metadata)
            await call.read()
        else:
            request = getattr(detection_pb2, f"{rpc}Request")()
            await getattr(stub, rpc)(request, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


ALLOWED = {
    "Detect": {"infer"},
    "StreamDetect": {"infer"},
    "WatchCamera": {"watch"},
    "ListCameras": {"watch"},
    "ListModels": {"infer", "watch"},
    "ListDevices": {"infer", "watch"},
}


@pytest.mark.asyncio
async def test_each_rpc_opens_to_its_right_and_to_no_other(
    asking: AccessOptions, tokens: dict[str, str]
) -> None:
    async with guarded(asking) as running, grpc.aio.insecure_channel(running.address) as channel:
        stub = DetectionServiceStub(channel)
        for rpc, allowed in ALLOWED.items():
            assert await outcome(stub, rpc, "") is UNAUTHENTICATED, rpc
            assert await outcome(stub, rpc, "edgeserve_wrong") is UNAUTHENTICATED, rpc
            for right, token in tokens.items():
                code = await outcome(stub, rpc, token, good=right in allowed)
                good = grpc.StatusCode.NOT_FOUND if rpc == "WatchCamera" else grpc.StatusCode.OK
                assert code is (good if right in allowed else DENIED), (rpc, right)


@pytest.mark.asyncio
async def test_the_admin_service_opens_to_admins(
    asking: AccessOptions, tokens: dict[str, str]
) -> None:
    async with admin_server(asking, "127.0.0.1:0", network=True) as address:
        for right, token in {**tokens, "": ""}.items():
            code = await remove_camera(address, token)
            expected = {"admin": grpc.StatusCode.NOT_FOUND, "": UNAUTHENTICATED}.get(right, DENIED)
            assert code is expected, right


@pytest.mark.asyncio
async def test_the_admin_socket_asks_nobody_unless_it_is_told_to(
    asking: AccessOptions, tokens: dict[str, str], tmp_path: Path
) -> None:
    listen = f"unix:{tmp_path / 'admin.sock'}"
    async with admin_server(asking, listen) as address:
        assert await remove_camera(address, "") is grpc.StatusCode.NOT_FOUND
    covered = asking.model_copy(update={"socket_rights": ""})
    async with admin_server(covered, listen) as address:
        assert await remove_camera(address, "") is UNAUTHENTICATED
        assert await remove_camera(address, tokens["admin"]) is grpc.StatusCode.NOT_FOUND


@pytest.mark.asyncio
async def test_health_is_open_and_reflection_is_for_those_who_are_known(
    asking: AccessOptions, tokens: dict[str, str]
) -> None:
    async with guarded(asking) as running:
        async with AsyncDetectionClient(running.address) as client:
            assert await client.health() is HealthStatus.SERVING
        assert await reflect(running.address, "") is UNAUTHENTICATED
        assert await reflect(running.address, tokens["admin"], good=True) is grpc.StatusCode.OK
    opened = asking.model_copy(update={"unprotected": ("reflection",)})
    async with guarded(opened) as running:
        assert await reflect(running.address, "", good=True) is grpc.StatusCode.OK


@pytest.mark.asyncio
async def test_a_client_without_its_right_is_told_which_one_and_shows_no_token(
    asking: AccessOptions, tokens: dict[str, str]
) -> None:
    async with guarded(asking) as running:
        watcher = Credentials(token=tokens["watch"])
        assert tokens["watch"] not in repr(watcher)
        async with AsyncDetectionClient(running.address, credentials=watcher) as client:
            with pytest.raises(NotPermittedError, match="Detect needs the right infer; token wat"):
                await client.detect(fakes.jpeg())
            with pytest.raises(NotPermittedError, match="StreamDetect needs the right infer"):
                await anext(client.stream([fakes.jpeg()]))
        unknown = Credentials(token=digest_of("unknown"))
        async with AsyncDetectionClient(running.address, credentials=unknown) as client:
            with pytest.raises(UnauthenticatedError, match="token is not known") as caught:
                await client.list_models()
        assert unknown.token not in str(caught.value)


@pytest.mark.asyncio
async def test_a_token_of_a_file_is_read_again_for_each_call(
    asking: AccessOptions, tokens: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "mine"
    file.write_text(tokens["admin"] + "\n")
    credentials = Credentials(token_file=file)
    async with (
        guarded(asking) as running,
        AsyncDetectionClient(running.address, credentials=credentials) as client,
    ):
        with pytest.raises(NotPermittedError):
            await client.list_models()
        file.write_text(tokens["infer"] + "\n")
        assert [status.name for status in await client.list_models()] == ["fake"]


@pytest.mark.asyncio
async def test_revoking_a_token_ends_its_streams_and_leaves_the_others(
    asking: AccessOptions, tokens: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "tokens"
    other = create_token(path, "other", frozenset({Right.INFER}))
    frame = detection_pb2.Frame(image=detection_pb2.Image(data=fakes.jpeg()))
    async with guarded(asking) as running, grpc.aio.insecure_channel(running.address) as channel:
        stub: DetectionServiceAsyncStub = DetectionServiceStub(channel)
        calls = [stub.StreamDetect(metadata=shown(one)) for one in (tokens["infer"], other)]
        for call in calls:
            await call.write(detection_pb2.StreamDetectRequest(config=detection_pb2.StreamConfig()))
            await call.write(detection_pb2.StreamDetectRequest(frame=frame))
            await read(call)
        revoke_token(path, "infer")
        running.gate.reload()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await asyncio.wait_for(read(calls[0]), PATIENCE_S)
        assert caught.value.code() is UNAUTHENTICATED
        assert "token infer was withdrawn" in (caught.value.details() or "")
        await calls[1].write(detection_pb2.StreamDetectRequest(frame=frame))
        assert (await read(calls[1])).detections
        calls[1].cancel()


def test_every_rpc_of_ours_is_in_the_table_and_a_new_one_is_closed() -> None:
    for module in (detection_pb2, admin_pb2):
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                name = f"/{service.full_name}/{method.name}"
                assert name in _TABLE or f"/{service.full_name}/" in _TABLE, name
    assert rights_for("/edgeserve.v1.DetectionService/Unheard") == ADMIN
    assert rights_for("/grpc.health.v1.Health/Watch") is None


async def reflect(address: str, token: str, *, good: bool = False) -> grpc.StatusCode:
    """The status of a call, which asks nothing where it is not good: see `outcome`."""

    async def ask() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        if not good:
            await asyncio.Event().wait()
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = ServerReflectionStub(channel)  # type: ignore[arg-type]
        call = stub.ServerReflectionInfo(ask(), metadata=shown(token))
        try:
            async for answer in call:
                assert answer.list_services_response.service
        except grpc.aio.AioRpcError as error:
            return error.code()
    return grpc.StatusCode.OK


async def remove_camera(address: str, token: str) -> grpc.StatusCode:
    async with grpc.aio.insecure_channel(address) as channel:
        stub: AdminServiceAsyncStub = AdminServiceStub(channel)
        request = admin_pb2.RemoveCameraRequest(name="none")
        try:
            await stub.RemoveCamera(request, metadata=shown(token))
        except grpc.aio.AioRpcError as error:
            return error.code()
    return grpc.StatusCode.OK


@asynccontextmanager
async def admin_server(
    options: AccessOptions, listen: str, *, network: bool = False
) -> AsyncIterator[str]:
    """The address of an admin service behind a gate, of a server without cameras."""
    models = fakes.served_models()
    cameras = Cameras(models, CameraMetrics(Metrics().registry))
    server = AdminServer(
        cameras,
        ServingOptions(admin_listen=listen, admin_network=network),
        fakes.NoBundles(),
        Gate(options),
    )
    try:
        yield await server.start()
    finally:
        await server.stop()
        cameras.close()
        models.close()
