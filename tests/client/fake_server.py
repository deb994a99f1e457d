"""A server that does what a test tells it, over a real socket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import grpc
from grpc import aio

from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated.detection_pb2_grpc import (
    DetectionServiceServicer,
    add_DetectionServiceServicer_to_server,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Context = aio.ServicerContext[pb.StreamDetectRequest, pb.StreamDetectResponse]
    UnaryContext = aio.ServicerContext[pb.DetectRequest, pb.DetectResponse]


class Step(NamedTuple):
    """What one stream does: reads so many frames, answers the first ones, ends.

    Attributes:
        reads: frames; None reads them all.
        answers: how many of them have their results; the rest are given up.
        code: how it ends.
        last: value of the trailer `last-frame-id`.
    """

    reads: int | None = None
    answers: int = 1_000_000
    code: grpc.StatusCode = grpc.StatusCode.OK
    last: str = ""


def drain(reads: int) -> Step:
    """Answer all that was read, and name the last in the trailer."""
    return Step(reads, reads, grpc.StatusCode.UNAVAILABLE, str(reads - 1))


class FakeServer(DetectionServiceServicer):
    """Plays one step a stream; the last one again when there are no more."""

    def __init__(self) -> None:
        self.steps = [Step()]
        self.configs: list[pb.StreamConfig] = []
        self.read: list[list[int]] = []
        """Frame ids by stream."""
        self.status = pb.RESULT_STATUS_OK
        self.arrivals = asyncio.Semaphore(0)
        self.ended = asyncio.Event()
        """A stream has ended, whoever ended it."""
        self.unary_error: grpc.StatusCode | None = None
        self.unary_frames: list[pb.Frame] = []
        self.serving = True
        self.port = 0
        self._server: aio.Server | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self, address: str | None = None) -> None:
        """Listen; after a stop, where it listened before."""
        server = aio.server(options=(("grpc.so_reuseport", 0),))
        add_DetectionServiceServicer_to_server(self, server)
        handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
            self._check
        )
        generic = grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": handler})
        server.add_generic_rpc_handlers((generic,))
        self.port = server.add_insecure_port(address or self.address)
        await server.start()
        self._server = server

    async def stop(self) -> None:
        """Break every connection off."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None

    async def Detect(self, request: pb.DetectRequest, context: UnaryContext) -> pb.DetectResponse:  # noqa: N802
        if self.unary_error is not None:
            await context.abort(self.unary_error, "the server's words")
        self.unary_frames.append(request.frame)
        return pb.DetectResponse(result=self._result(request.frame.frame_id))

    async def StreamDetect(  # type: ignore[override]  # noqa: N802
        self,
        request_iterator: AsyncIterator[pb.StreamDetectRequest],
        context: Context,
    ) -> None:
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        self.configs.append((await anext(request_iterator)).config)
        ids: list[int] = []
        self.read.append(ids)
        try:
            while step.reads is None or len(ids) < step.reads:
                message = await anext(request_iterator, None)
                if message is None:
                    break
                ids.append(message.frame.frame_id)
                self.arrivals.release()
                if len(ids) <= step.answers:
                    result = self._result(message.frame.frame_id)
                    await context.write(pb.StreamDetectResponse(result=result))
        finally:
            self.ended.set()
        if step.code is not grpc.StatusCode.OK:
            trailer = (("last-frame-id", step.last),) if step.last else ()
            await context.abort(step.code, "the server's words", trailer)

    async def ListModels(  # noqa: N802
        self,
        request: pb.ListModelsRequest,  # noqa: ARG002
        context: aio.ServicerContext[pb.ListModelsRequest, pb.ListModelsResponse],  # noqa: ARG002
    ) -> pb.ListModelsResponse:
        status = pb.ModelStatus(name="m", version="1", ready=True, labels=["person"])
        return pb.ListModelsResponse(models=[status])

    async def ListDevices(  # noqa: N802
        self,
        request: pb.ListDevicesRequest,  # noqa: ARG002
        context: aio.ServicerContext[pb.ListDevicesRequest, pb.ListDevicesResponse],  # noqa: ARG002
    ) -> pb.ListDevicesResponse:
        return pb.ListDevicesResponse(devices=[pb.DeviceStatus(name="fake:CPU", runtime="fake")])

    async def ListCameras(  # noqa: N802
        self,
        request: pb.ListCamerasRequest,  # noqa: ARG002
        context: aio.ServicerContext[pb.ListCamerasRequest, pb.ListCamerasResponse],  # noqa: ARG002
    ) -> pb.ListCamerasResponse:
        return pb.ListCamerasResponse()

    async def WatchCamera(  # type: ignore[override]  # noqa: N802
        self,
        request: pb.WatchCameraRequest,  # noqa: ARG002
        context: aio.ServicerContext[pb.WatchCameraRequest, pb.WatchCameraResponse],
    ) -> None:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "no cameras")

    async def _check(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        if request:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return b"\x08\x01" if self.serving else b"\x08\x02"

    def _result(self, frame_id: int) -> pb.FrameResult:
        box = pb.Box(x_min=1, y_min=2, x_max=3, y_max=4)
        found = [pb.Detection(box=box, score=0.5, class_id=1, label="person")]
        error = None
        if self.status == pb.RESULT_STATUS_ERROR:
            found = []
            error = pb.FrameError(code=pb.ERROR_CODE_INVALID_IMAGE, message="truncated")
        return pb.FrameResult(
            frame_id=frame_id,
            status=self.status,
            error=error,
            detections=found,
            stages=pb.StageDurations(infer_us=900),
            latency_us=1500,
            model="m",
            version="1",
            device="fake:CPU",
        )
