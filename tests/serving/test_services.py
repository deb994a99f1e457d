"""What stands beside the stream: unary detection, listings, health, reflection."""

from __future__ import annotations

import asyncio
import gc
import socket
from typing import TYPE_CHECKING, Any, cast

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from edgeserve.access.limits import Limits
from edgeserve.domain.errors import ConfigurationError, ModelNotFoundError, PortTakenError
from edgeserve.pipeline.options import PipelineOptions
from edgeserve.serving.address import check_address
from edgeserve.serving.options import ServingOptions
from edgeserve.wire._generated import detection_pb2 as pb
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.serving.conftest import Start


@pytest.mark.asyncio
async def test_detect_gives_boxes_in_source_pixels_and_stage_times(start: Start) -> None:
    # 128x64 into 64x64: half the size, 16 px of padding above. The fake car is (-4..12) square
    # around (4, 4) in model pixels, all of it in the padding but for its left part: see below.
    async with start(fakes.one_object) as running:
        picture = pb.Image(data=fakes.jpeg(64, 64))
        request = pb.DetectRequest(frame=pb.Frame(frame_id=3, image=picture))
        response = await running.stub.Detect(request)
    result = response.result
    (detection,) = result.detections
    box = detection.box
    assert (result.frame_id, detection.label, detection.class_id) == (3, "car", 1)
    assert [box.x_min, box.y_min, box.x_max, box.y_max] == pytest.approx([0, 0, 12, 12], abs=0.01)
    assert (result.model, result.version, result.device) == ("fake", "1", "fake:CPU")
    assert (result.width_px, result.height_px) == (64, 64)
    stages = result.stages
    spent = stages.decode_us + stages.preprocess_us + stages.infer_us + stages.postprocess_us
    assert 0 < spent <= result.latency_us


@pytest.mark.asyncio
async def test_listings_tell_models_devices_and_that_there_are_no_cameras(start: Start) -> None:
    async with start() as running:
        models = (await running.stub.ListModels(pb.ListModelsRequest())).models
        devices = (await running.stub.ListDevices(pb.ListDevicesRequest())).devices
        cameras = (await running.stub.ListCameras(pb.ListCamerasRequest())).cameras
    assert [(m.name, m.ready, m.is_default, list(m.labels)) for m in models] == [
        ("fake", True, True, ["person", "car"]),
    ]
    assert list(devices) == []
    assert list(cameras) == []


@pytest.mark.asyncio
async def test_health_check_and_watch_follow_the_server(start: Start) -> None:
    serving = health_pb2.HealthCheckResponse.SERVING
    not_serving = health_pb2.HealthCheckResponse.NOT_SERVING
    service = "edgeserve.v1.DetectionService"
    async with start() as running:
        health: Any = HealthStub(running.channel)  # its types are of the blocking API
        for name in ("", service):
            answer = await health.Check(health_pb2.HealthCheckRequest(service=name))
            assert answer.status == serving
        watch = health.Watch(health_pb2.HealthCheckRequest(service=service))
        assert (await watch.read()).status == serving
        await running.server.set_serving(serving=False)
        assert (await asyncio.wait_for(watch.read(), 10)).status == not_serving
        watch.cancel()


@pytest.mark.asyncio
async def test_reflection_lists_the_services(start: Start) -> None:
    async def ask() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    async with start() as running:
        # Its types are of the blocking API.
        stub = cast("Any", ServerReflectionStub)(running.channel)
        call = stub.ServerReflectionInfo(ask())
        answer = await call.read()
    names = {service.name for service in answer.list_services_response.service}
    assert {"edgeserve.v1.DetectionService", "grpc.health.v1.Health"} <= names


@pytest.mark.asyncio
async def test_a_second_server_on_the_port_is_refused_by_name(start: Start) -> None:
    async with start() as running:
        options = ServingOptions(listen=running.address)
        with pytest.raises(PortTakenError, match=running.address):
            async with start(serving=options):
                pytest.fail("two servers on one port")


@pytest.mark.asyncio
async def test_a_unix_socket_is_taken_over_from_the_dead_only(
    start: Start,
    tmp_path: Path,
) -> None:
    path = tmp_path / "edgeserve.sock"
    options = ServingOptions(listen=f"unix:{path}")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with start(serving=options) as running:
        assert (await running.stub.ListModels(pb.ListModelsRequest())).models
        with pytest.raises(PortTakenError, match=r"edgeserve\.sock"):
            async with start(serving=options):
                pytest.fail("two servers on one socket")
        assert (await running.stub.ListModels(pb.ListModelsRequest())).models


@pytest.mark.asyncio
async def test_calls_take_places_and_drain_waits_for_them(start: Start) -> None:
    gate = fakes.Gate()
    request = pb.DetectRequest(frame=pb.Frame(image=pb.Image(data=fakes.jpeg())))
    async with start(gate, workers=1, limits=Limits(max_streams=1)) as running:
        call = asyncio.ensure_future(running.stub.Detect(request))
        await asyncio.to_thread(gate.entered.acquire)
        with pytest.raises(grpc.aio.AioRpcError, match="max_streams"):
            await running.stub.Detect(request)
        draining = asyncio.create_task(running.server.drain())
        with pytest.raises(grpc.aio.AioRpcError, match="shutting down"):
            await running.stub.Detect(request)
        assert not draining.done()
        gate.go.release()
        assert (await call).result.status == pb.RESULT_STATUS_OK
        await draining


@pytest.mark.asyncio
async def test_a_call_past_its_deadline_never_runs(start: Start) -> None:
    gate = fakes.Gate()
    request = pb.DetectRequest(frame=pb.Frame(image=pb.Image(data=fakes.jpeg())))
    async with start(gate, workers=1) as running:
        first = asyncio.ensure_future(running.stub.Detect(request))
        await asyncio.to_thread(gate.entered.acquire)
        with pytest.raises(grpc.aio.AioRpcError) as late:
            await running.stub.Detect(request, timeout=0.2)
        assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        gate.go.release(10)
        assert (await first).result.status == pb.RESULT_STATUS_OK
        assert (await running.stub.Detect(request)).result.status == pb.RESULT_STATUS_OK
        assert gate.entered.acquire(timeout=30)
        assert not gate.entered.acquire(blocking=False)


@pytest.mark.asyncio
async def test_a_call_for_which_there_is_no_memory_names_the_setting(start: Start) -> None:
    image = pb.Image(data=bytes(1 << 21), encoding=pb.ENCODING_GRAY, width_px=2048, height_px=1024)
    async with start(pipeline=PipelineOptions(max_waiting_bytes=1 << 20)) as running:
        with pytest.raises(grpc.aio.AioRpcError, match="max_waiting_bytes") as refused:
            await running.stub.Detect(pb.DetectRequest(frame=pb.Frame(image=image)))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("address", ["127.0.0.1:8001", "localhost:0", "[::1]:1", "unix:/tmp/x"])
def test_loopback_and_unix_addresses_are_allowed(address: str) -> None:
    check_address("listen", address, insecure=False)


@pytest.mark.parametrize("address", ["0.0.0.0:8001", "[::]:8001", "192.168.1.5:1", "box.lan:80"])
def test_an_open_address_needs_insecure(address: str) -> None:
    with pytest.raises(ConfigurationError, match="--insecure"):
        check_address("listen", address, insecure=False)
    check_address("listen", address, insecure=True)


@pytest.mark.parametrize("address", ["", "8001", "127.0.0.1", "127.0.0.1:http", ":1", "h:65536"])
def test_a_malformed_address_says_what_is_expected(address: str) -> None:
    with pytest.raises(ConfigurationError, match="expected HOST:PORT or unix:PATH"):
        check_address("listen", address, insecure=True)


@pytest.mark.asyncio
async def test_a_refused_call_keeps_nothing_of_why(start: Start) -> None:
    """The error knows the frames that it went through, and these the models of then."""
    async with start() as running:
        request = pb.DetectRequest(
            frame=pb.Frame(image=pb.Image(data=fakes.jpeg(64, 64))),
            options=pb.DetectOptions(model="nobody"),
        )
        others = _errors()
        gc.disable()
        try:
            with pytest.raises(grpc.aio.AioRpcError, match="no model 'nobody'"):
                await running.stub.Detect(request)
            # The client may hear of it before the server's task has ended.
            await asyncio.wait_for(_until_there_are_only(others), 60)
        finally:
            gc.enable()


async def _until_there_are_only(errors: set[ModelNotFoundError]) -> None:
    while _errors() - errors:  # noqa: ASYNC110 - what is freed sets no event
        await asyncio.sleep(0.01)


def _errors() -> set[ModelNotFoundError]:
    """Those that somebody holds."""
    return {one for one in gc.get_objects() if isinstance(one, ModelNotFoundError)}
