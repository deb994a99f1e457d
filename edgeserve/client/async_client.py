"""The client for programs that run an event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from grpc import aio

from edgeserve.client.channel import DEFAULT_ADDRESS, open_channel
from edgeserve.client.credentials import NOBODY, Credentials
from edgeserve.client.errors import error_of
from edgeserve.client.health import HealthStatus, check_health
from edgeserve.client.picture import Picture, to_frame
from edgeserve.client.stream import Connection, ResultStream
from edgeserve.client.watch import Watch
from edgeserve.domain.errors import ConfigurationError
from edgeserve.domain.request import DetectOptions, StreamOptions
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceStub
from edgeserve.wire.codec.camera import camera_status_from_proto
from edgeserve.wire.codec.frame import frame_to_proto
from edgeserve.wire.codec.options import detect_options_to_proto
from edgeserve.wire.codec.result import result_from_proto
from edgeserve.wire.codec.status import device_status_from_proto, model_status_from_proto

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Iterable
    from types import TracebackType
    from typing import TypeVar

    from typing_extensions import Self

    from edgeserve.domain.camera import CameraResult, CameraStatus
    from edgeserve.domain.result import FrameResult
    from edgeserve.domain.status import DeviceStatus, ModelStatus

    _T = TypeVar("_T")


class AsyncDetectionClient:
    """A connection to an edgeserve server; make and use it where an event loop runs."""

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        timeout: float = 10.0,
        reconnect_timeout: float = 30.0,
        max_unanswered: int = 64,
        credentials: Credentials = NOBODY,
    ) -> None:
        """Prepare a client; it connects when first used.

        Args:
            address: HOST:PORT or unix:PATH.
            timeout: seconds that a call may take, streams excepted.
            reconnect_timeout: seconds that a stream tries to come back when the server drains or
                the connection breaks; 0 means not at all.
            max_unanswered: frames that a stream reads ahead of the results that were taken. They
                are kept in memory, to be sent again.
            credentials: what to show to the server, and by what to know it.

        Raises:
            ConfigurationError: a malformed address, a number that makes no sense, or a file of the
                credentials that cannot be used.
        """
        if max_unanswered < 1 or timeout <= 0 or reconnect_timeout < 0:
            text = (
                f"timeout={timeout}, reconnect_timeout={reconnect_timeout}, "
                f"max_unanswered={max_unanswered}; expected above 0, 0 or more, 1 or more"
            )
            raise ConfigurationError(text)
        self.address = address
        self._timeout_s = timeout
        self._credentials = credentials
        self._channel = open_channel(address, credentials)
        self._stub = DetectionServiceStub(self._channel)
        self._connection = Connection(
            self._channel, address, reconnect_timeout, max_unanswered, credentials
        )
        self._streams: set[ResultStream] = set()

    async def detect(
        self,
        picture: Picture,
        options: DetectOptions | None = None,
        *,
        timeout: float | None = None,
    ) -> FrameResult:
        """Find the objects of one picture.

        Args:
            picture: (H, W, 3) uint8 BGR, (H, W) uint8 gray, the bytes of a picture file, or a
                frame.
            options: what to look for; None takes the model's defaults.
            timeout: seconds; None takes the client's.

        Raises:
            RequestError: the picture or the options make no sense.
            ModelNotFoundError: the server has no such model.
            ModelNotReadyError: it has, and cannot serve it.
            TransportError: no answer.
        """
        request = pb.DetectRequest(
            options=detect_options_to_proto(options or DetectOptions()),
            frame=frame_to_proto(to_frame(picture, 0)),
        )
        timeout_s = self._timeout_s if timeout is None else timeout
        shown = self._credentials.metadata()
        call = self._stub.Detect(request, timeout=timeout_s, metadata=shown)
        response = await self._answer(call)
        return result_from_proto(response.result)

    async def stream(
        self,
        pictures: AsyncIterable[Picture] | Iterable[Picture],
        options: StreamOptions | None = None,
    ) -> AsyncGenerator[FrameResult, None]:
        """Give one result a picture, in their order, exactly once, across reconnections.

        Pictures are numbered from 0, except frames, which keep their own numbers (no two the
        same). A blocking iterable is read in a thread. Leaving the loop early ends the stream.

        Raises:
            RequestError: a picture or the options make no sense.
            ModelNotFoundError: the server has no such model.
            ModelNotReadyError: it has, and cannot serve it.
            TransportError: the server broke the stream off, or did not come back in time.
        """
        results = self.open_stream(pictures, options)
        try:
            while (result := await results.next()) is not None:
                yield result
        finally:
            await self.end_stream(results)

    def open_stream(
        self,
        pictures: AsyncIterable[Picture] | Iterable[Picture],
        options: StreamOptions | None = None,
    ) -> ResultStream:
        """`stream` for callers that cannot iterate; they must call `end_stream`."""
        results = ResultStream(self._connection, pictures, options or StreamOptions())
        self._streams.add(results)
        return results

    async def end_stream(self, results: ResultStream) -> None:
        """End a stream of `open_stream`."""
        self._streams.discard(results)
        await results.close()

    async def watch(
        self,
        camera: str,
        *,
        max_fps: float = 0.0,
        include_image: bool = False,
    ) -> AsyncGenerator[CameraResult, None]:
        """Give what the server sees on a camera of its own, from now on.

        After a break of the connection the watch goes on; what was seen meanwhile is lost.
        Leaving the loop ends it.

        Args:
            camera: its name.
            max_fps: at most so many results a second; 0 means all.
            include_image: the results' `frame` is the picture, as JPEG.

        Raises:
            CameraNotFoundError: the server has no such camera, or no longer.
            RequestError: `max_fps` makes no sense.
            TransportError: the server ended the watch, or did not come back in time.
        """
        results = self.open_watch(camera, max_fps=max_fps, include_image=include_image)
        try:
            while True:
                yield await results.next()
        finally:
            results.close()

    def open_watch(self, camera: str, *, max_fps: float, include_image: bool) -> Watch:
        """`watch` for callers that cannot iterate; they must close what this returns."""
        request = pb.WatchCameraRequest(
            camera=camera,
            max_fps=max_fps,
            include_image=include_image,
        )
        return Watch(self._stub, request, self._connection)

    async def list_cameras(self) -> list[CameraStatus]:
        """The cameras that the server reads itself.

        Raises:
            TransportError: no answer.
        """
        shown = self._credentials.metadata()
        request = pb.ListCamerasRequest()
        call = self._stub.ListCameras(request, timeout=self._timeout_s, metadata=shown)
        return [camera_status_from_proto(camera) for camera in (await self._answer(call)).cameras]

    async def list_models(self) -> list[ModelStatus]:
        """The server's models, ready or not.

        Raises:
            TransportError: no answer.
        """
        shown = self._credentials.metadata()
        request = pb.ListModelsRequest()
        call = self._stub.ListModels(request, timeout=self._timeout_s, metadata=shown)
        return [model_status_from_proto(model) for model in (await self._answer(call)).models]

    async def list_devices(self) -> list[DeviceStatus]:
        """The devices of the server's machine, usable or not.

        Raises:
            TransportError: no answer.
        """
        shown = self._credentials.metadata()
        request = pb.ListDevicesRequest()
        call = self._stub.ListDevices(request, timeout=self._timeout_s, metadata=shown)
        return [device_status_from_proto(device) for device in (await self._answer(call)).devices]

    async def health(self, service: str = "") -> HealthStatus:
        """Ask whether the server as a whole, or one of its services, serves.

        Raises:
            TransportError: no answer.
        """
        return await self._answer(check_health(self._channel, service, self._timeout_s))

    async def close(self) -> None:
        """End all streams and the connection."""
        await asyncio.gather(*(self.end_stream(results) for results in list(self._streams)))
        await self._channel.close()

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the client."""
        await self.close()

    async def _answer(self, call: Awaitable[_T]) -> _T:
        try:
            return await call
        except aio.AioRpcError as error:
            raise error_of(error, self.address) from error
