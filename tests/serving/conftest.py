"""A real server on a real socket, with the fake engine behind it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import grpc
import pytest

from edgeserve.access.limits import Limits
from edgeserve.serving.options import ServingOptions
from edgeserve.serving.server import GrpcServer
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceStub
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from edgeserve.pipeline.observer import Observer
    from edgeserve.pipeline.options import PipelineOptions
    from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceAsyncStub

    Call = grpc.aio.StreamStreamCall[pb.StreamDetectRequest, pb.StreamDetectResponse]


class Start(Protocol):
    """Starts a server: `async with start(...) as running`."""

    def __call__(
        self,
        answer: fakes.Answer = ...,
        *,
        workers: int = ...,
        limits: Limits | None = ...,
        serving: ServingOptions | None = ...,
        pipeline: PipelineOptions | None = ...,
        observer: Observer | None = ...,
    ) -> AbstractAsyncContextManager[Running]: ...


@dataclass
class Running:
    """A server and a client's view of it."""

    server: GrpcServer
    address: str
    channel: grpc.aio.Channel
    stub: DetectionServiceAsyncStub


async def read(call: Call) -> pb.FrameResult:
    """The next result of a stream."""
    response = await call.read()
    assert isinstance(response, pb.StreamDetectResponse)
    return response.result


@asynccontextmanager
async def _start(
    answer: fakes.Answer = fakes.one_object,
    *,
    workers: int = 2,
    limits: Limits | None = None,
    serving: ServingOptions | None = None,
    pipeline: PipelineOptions | None = None,
    observer: Observer | None = None,
) -> AsyncIterator[Running]:
    models = fakes.served_models(answer, workers=workers, options=pipeline, observer=observer)
    server = GrpcServer(
        models,
        list,
        limits or Limits(),
        serving or ServingOptions(listen="127.0.0.1:0"),
    )
    try:
        address = await server.start()
        await server.set_serving(serving=True)
        async with grpc.aio.insecure_channel(address) as channel:
            yield Running(server, address, channel, DetectionServiceStub(channel))
    finally:
        await server.stop()
        models.close()


@pytest.fixture
def start() -> Start:
    """See `Start`."""
    return _start
