"""edgeserve.v1.DetectionService."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from edgeserve.access.gate import current_meter
from edgeserve.domain.errors import (
    CameraNotFoundError,
    EdgeserveError,
)
from edgeserve.domain.request import Policy, StreamOptions
from edgeserve.domain.result import Status
from edgeserve.serving.charging import charge
from edgeserve.serving.deadline import deadline_ns
from edgeserve.serving.errors import status_of, status_of_drop, status_of_frame
from edgeserve.serving.session import StreamSession
from edgeserve.serving.watch import WatchSession
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceServicer
from edgeserve.wire.codec.camera import camera_status_to_proto
from edgeserve.wire.codec.frame import frame_from_proto
from edgeserve.wire.codec.options import detect_options_from_proto
from edgeserve.wire.codec.result import result_to_proto
from edgeserve.wire.codec.status import device_status_to_proto, model_status_to_proto

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from grpc import aio

    from edgeserve.access.limits import Limits
    from edgeserve.access.places import Places
    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.request import DetectOptions
    from edgeserve.domain.result import FrameResult
    from edgeserve.domain.status import DeviceStatus
    from edgeserve.pipeline.cameras import Cameras
    from edgeserve.pipeline.served import ServedModels
    from edgeserve.serving.options import ServingOptions
    from edgeserve.serving.session import Context

_SOURCE = "grpc"


class DetectionServicer(DetectionServiceServicer):
    """Turns calls into streams of the pipeline, and domain errors into status codes."""

    def __init__(
        self,
        models: ServedModels,
        devices: Callable[[], Sequence[DeviceStatus]],
        limits: Limits,
        options: ServingOptions,
        places: Places,
        cameras: Cameras | None = None,
    ) -> None:
        """Serve these models, devices and cameras within these limits."""
        self._models = models
        self._devices = devices
        self._limits = limits
        self._options = options
        self._places = places
        self._cameras = cameras

    async def Detect(  # noqa: N802 - the protocol's name
        self,
        request: pb.DetectRequest,
        context: aio.ServicerContext[pb.DetectRequest, pb.DetectResponse],
    ) -> pb.DetectResponse:
        """One frame, one answer."""
        meter = current_meter()
        try:
            if meter is not None:
                charge(meter, request.frame.image)
            frame = frame_from_proto(request.frame, time.monotonic_ns())
            self._limits.check_frame_bytes(len(frame.data))
            with self._places.take():
                result = await self._detect(
                    frame,
                    detect_options_from_proto(request.options),
                    deadline_ns(context),
                )
        except EdgeserveError as error:
            await context.abort(status_of(error), str(error))
        if result.status is Status.ERROR and result.error_code is not None:
            await context.abort(status_of_frame(result.error_code), result.message)
        if result.drop_reason is not None:
            await context.abort(*status_of_drop(result.drop_reason))
        return pb.DetectResponse(result=result_to_proto(result))

    # The generated base knows generators only; a coroutine that reads and writes is the other form.
    async def StreamDetect(  # type: ignore[override]  # noqa: N802 - the protocol's name
        self,
        request_iterator: AsyncIterator[pb.StreamDetectRequest],  # noqa: ARG002 - the session reads
        context: Context,
    ) -> None:
        """A stream of frames and of their results."""
        session = StreamSession(context, self._limits, self._options.write_timeout)
        try:
            with self._places.take(session):
                await session.run(
                    lambda options, on_change: self._models.open_stream(
                        options,
                        source=_SOURCE,
                        on_change=on_change,
                        deadline_ns=deadline_ns(context),
                    ),
                )
        except EdgeserveError as error:
            await context.abort(status_of(error), str(error))

    async def WatchCamera(  # type: ignore[override]  # noqa: N802 - the protocol's name
        self,
        request: pb.WatchCameraRequest,
        context: aio.ServicerContext[pb.WatchCameraRequest, pb.WatchCameraResponse],
    ) -> None:
        """The results of a camera of this box."""
        try:
            if self._cameras is None:
                text = f"there is no camera {request.camera!r}; this server reads none"
                raise CameraNotFoundError(text)
            with self._places.take():
                session = WatchSession(request, context, self._options.write_timeout)
                await session.run(self._cameras)
        except EdgeserveError as error:
            await context.abort(status_of(error), str(error))

    async def ListModels(  # noqa: N802 - the protocol's name
        self,
        request: pb.ListModelsRequest,  # noqa: ARG002 - the protocol's signature
        context: aio.ServicerContext[pb.ListModelsRequest, pb.ListModelsResponse],  # noqa: ARG002
    ) -> pb.ListModelsResponse:
        """The models of this server, ready or not."""
        return pb.ListModelsResponse(
            models=[model_status_to_proto(status) for status in self._models.statuses()],
        )

    async def ListDevices(  # noqa: N802 - the protocol's name
        self,
        request: pb.ListDevicesRequest,  # noqa: ARG002 - the protocol's signature
        context: aio.ServicerContext[pb.ListDevicesRequest, pb.ListDevicesResponse],  # noqa: ARG002
    ) -> pb.ListDevicesResponse:
        """The devices of this machine, usable or not."""
        # Runtimes that nothing needed so far are loaded for this.
        statuses = await asyncio.to_thread(self._devices)
        return pb.ListDevicesResponse(devices=[device_status_to_proto(s) for s in statuses])

    async def ListCameras(  # noqa: N802 - the protocol's name
        self,
        request: pb.ListCamerasRequest,  # noqa: ARG002 - the protocol's signature
        context: aio.ServicerContext[pb.ListCamerasRequest, pb.ListCamerasResponse],  # noqa: ARG002
    ) -> pb.ListCamerasResponse:
        """The cameras that this server reads."""
        statuses = [] if self._cameras is None else self._cameras.statuses()
        return pb.ListCamerasResponse(cameras=[camera_status_to_proto(s) for s in statuses])

    async def _detect(
        self,
        frame: EncodedFrame,
        options: DetectOptions,
        deadline_ns: int | None,
    ) -> FrameResult:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()

        def notify() -> None:
            loop.call_soon_threadsafe(ready.set)

        stream = self._models.open_stream(
            # Of the one frame, too: it may be dropped where there is no memory for it to wait.
            StreamOptions(detect=options, policy=Policy.QUEUE, queue_size=1),
            source=_SOURCE,
            on_change=notify,
            deadline_ns=deadline_ns,
        )
        try:
            stream.submit(frame)
            await ready.wait()
            (result,) = stream.take()
        finally:
            stream.close()
        return result
