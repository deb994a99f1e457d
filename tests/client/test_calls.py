"""Single calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest

from edgeserve.client import AsyncDetectionClient, HealthStatus
from edgeserve.domain.errors import (
    ConfigurationError,
    EdgeserveError,
    ModelNotFoundError,
    ModelNotReadyError,
    RequestError,
    TransportError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.fake_server import FakeServer


@pytest.mark.asyncio
async def test_one_picture(server: FakeServer) -> None:
    async with AsyncDetectionClient(server.address) as client:
        result = await client.detect(np.zeros((4, 6, 3), np.uint8))
    assert result.labels == ("person",)
    (frame,) = server.unary_frames
    assert (frame.image.width_px, frame.image.height_px) == (6, 4)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, RequestError),
        (grpc.StatusCode.NOT_FOUND, ModelNotFoundError),
        (grpc.StatusCode.FAILED_PRECONDITION, ModelNotReadyError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, TransportError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, TransportError),
        (grpc.StatusCode.UNIMPLEMENTED, TransportError),
        (grpc.StatusCode.UNAVAILABLE, TransportError),
        (grpc.StatusCode.UNKNOWN, TransportError),
    ],
)
async def test_status_codes_are_domain_errors(
    server: FakeServer,
    code: grpc.StatusCode,
    kind: type[EdgeserveError],
) -> None:
    server.unary_error = code
    async with AsyncDetectionClient(server.address) as client:
        with pytest.raises(EdgeserveError, match="the server's words") as caught:
            await client.detect(b"x")
    assert type(caught.value) is kind


@pytest.mark.asyncio
async def test_models_and_devices(server: FakeServer) -> None:
    async with AsyncDetectionClient(server.address) as client:
        (model,) = await client.list_models()
        (device,) = await client.list_devices()
    assert (model.name, model.ready, model.labels) == ("m", True, ("person",))
    assert (device.name, device.runtime) == ("fake:CPU", "fake")


@pytest.mark.asyncio
async def test_health(server: FakeServer) -> None:
    async with AsyncDetectionClient(server.address) as client:
        assert await client.health() is HealthStatus.SERVING
        assert await client.health("no.such.Service") is HealthStatus.SERVICE_UNKNOWN
        server.serving = False
        assert await client.health() is HealthStatus.NOT_SERVING
        await server.stop()
        with pytest.raises(TransportError, match=server.address):
            await client.health()


@pytest.mark.asyncio
async def test_a_unix_socket(server: FakeServer, tmp_path: Path) -> None:
    await server.stop()
    address = f"unix:{tmp_path}/s"
    await server.start(address)
    async with AsyncDetectionClient(address) as client:
        assert await client.health() is HealthStatus.SERVING


@pytest.mark.asyncio
@pytest.mark.parametrize("address", ["", "localhost", "localhost:", "localhost:http", "unix:"])
async def test_malformed_addresses_are_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="HOST:PORT"):
        AsyncDetectionClient(address)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "wrong", [{"timeout": 0}, {"reconnect_timeout": -1}, {"max_unanswered": 0}]
)
async def test_numbers_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        AsyncDetectionClient(**wrong)  # type: ignore[arg-type]
