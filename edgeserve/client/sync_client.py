"""The client for programs without an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.client.async_client import AsyncDetectionClient
from edgeserve.client.channel import DEFAULT_ADDRESS
from edgeserve.client.credentials import NOBODY, Credentials
from edgeserve.client.loop_thread import LoopThread

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from types import TracebackType

    from typing_extensions import Self

    from edgeserve.client.health import HealthStatus
    from edgeserve.client.picture import Picture
    from edgeserve.domain.camera import CameraResult, CameraStatus
    from edgeserve.domain.request import DetectOptions, StreamOptions
    from edgeserve.domain.result import FrameResult
    from edgeserve.domain.status import DeviceStatus, ModelStatus


class DetectionClient:
    """`AsyncDetectionClient`, driven on an event loop in a thread of its own.

    What calls mean and raise, its methods of the same names say.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        timeout: float = 10.0,
        reconnect_timeout: float = 30.0,
        max_unanswered: int = 64,
        credentials: Credentials = NOBODY,
    ) -> None:
        """Prepare a client; arguments and errors as of `AsyncDetectionClient`."""

        async def make() -> AsyncDetectionClient:
            return AsyncDetectionClient(
                address,
                timeout=timeout,
                reconnect_timeout=reconnect_timeout,
                max_unanswered=max_unanswered,
                credentials=credentials,
            )

        self.address = address
        self._thread = LoopThread()
        try:
            self._client = self._thread.run(make())
        except BaseException:
            self._thread.close()
            raise

    def detect(
        self,
        picture: Picture,
        options: DetectOptions | None = None,
        *,
        timeout: float | None = None,
    ) -> FrameResult:
        """Find the objects of one picture."""
        return self._thread.run(self._client.detect(picture, options, timeout=timeout))

    def stream(
        self,
        pictures: Iterable[Picture],
        options: StreamOptions | None = None,
    ) -> Generator[FrameResult, None, None]:
        """Give one result a picture, in their order, exactly once, across reconnections.

        The pictures are read in another thread, so they may wait for a camera.
        """
        results = self._client.open_stream(pictures, options)
        try:
            while (result := self._thread.run(results.next())) is not None:
                yield result
        finally:
            if not self._thread.closed:
                self._thread.run(self._client.end_stream(results))

    def watch(
        self,
        camera: str,
        *,
        max_fps: float = 0.0,
        include_image: bool = False,
    ) -> Generator[CameraResult, None, None]:
        """Give what the server sees on a camera of its own, from now on."""
        results = self._client.open_watch(camera, max_fps=max_fps, include_image=include_image)
        try:
            while True:
                yield self._thread.run(results.next())
        finally:
            if not self._thread.closed:
                self._thread.call(results.close)

    def list_cameras(self) -> list[CameraStatus]:
        """The cameras that the server reads itself."""
        return self._thread.run(self._client.list_cameras())

    def list_models(self) -> list[ModelStatus]:
        """The server's models, ready or not."""
        return self._thread.run(self._client.list_models())

    def list_devices(self) -> list[DeviceStatus]:
        """The devices of the server's machine, usable or not."""
        return self._thread.run(self._client.list_devices())

    def health(self, service: str = "") -> HealthStatus:
        """Ask whether the server as a whole, or one of its services, serves."""
        return self._thread.run(self._client.health(service))

    def close(self) -> None:
        """End all streams and the connection."""
        if not self._thread.closed:
            self._thread.run(self._client.close())
            self._thread.close()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the client."""
        self.close()
