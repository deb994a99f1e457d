"""One WatchCamera call: the results of a camera, as fast as its client reads, or not at all."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from typing import TYPE_CHECKING

from edgeserve.cameras.picker import Picker
from edgeserve.domain.errors import (
    CameraNotFoundError,
    InvalidImageError,
    LimitReachedError,
    RequestError,
    ShuttingDownError,
)
from edgeserve.drawing.picture import encode_jpeg
from edgeserve.wire.codec.camera import camera_result_to_proto

if TYPE_CHECKING:
    from grpc import aio

    from edgeserve.domain.camera import CameraResult
    from edgeserve.pipeline.broadcast import Watcher
    from edgeserve.pipeline.cameras import Cameras
    from edgeserve.wire._generated import detection_pb2 as pb

_log = logging.getLogger(__name__)


class WatchSession:
    """Fetches results from a bounded queue and writes them; a client that is slow is let go."""

    def __init__(
        self,
        request: pb.WatchCameraRequest,
        context: aio.ServicerContext[pb.WatchCameraRequest, pb.WatchCameraResponse],
        write_timeout_s: float,
    ) -> None:
        """Prepare a session on a call.

        Raises:
            RequestError: the rate makes no sense.
        """
        if not (math.isfinite(request.max_fps) and request.max_fps >= 0):
            text = f"max_fps is {request.max_fps}; expected 0 (all) or more"
            raise RequestError(text)
        self._request = request
        self._context = context
        self._write_timeout_s = write_timeout_s
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._changed = asyncio.Event()
        self._picker = Picker(fps=request.max_fps)
        self._writing = False

    async def run(self, cameras: Cameras) -> None:
        """Serve the call until the client, the camera or the server ends.

        Raises:
            CameraNotFoundError: there is no such camera, or no longer.
            LimitReachedError: the client is too slow.
            ShuttingDownError: the server stops.
        """
        name = self._request.camera
        watcher, end = cameras.watch(
            name,
            self._notify,
            pictures=self._request.include_image,
        )
        self._watcher = watcher
        try:
            # The client learns that it watches, also while the camera shows nothing.
            await self._context.send_initial_metadata(())
            await self._serve(watcher)
        finally:
            end()
        if watcher.let_go:
            raise self._too_slow()
        if any(status.name == name for status in cameras.statuses()):
            text = "the server is shutting down"
            raise ShuttingDownError(text)
        text = f"camera {name!r} was removed"
        raise CameraNotFoundError(text)

    async def _serve(self, watcher: Watcher) -> None:
        while not (watcher.let_go or watcher.ended):
            await self._changed.wait()
            self._changed.clear()
            for result in watcher.take():
                await self._tell(result)

    async def _tell(self, result: CameraResult) -> None:
        jpeg = b""
        if self._request.include_image:
            if result.frame is None:  # read before this watch began
                return
            if not self._picker.take(time.monotonic()):
                return
            try:
                jpeg = await asyncio.to_thread(encode_jpeg, result.frame)
            except InvalidImageError as error:
                _log.debug("camera %s: %s", result.camera, error)
        elif not self._picker.take(time.monotonic()):
            return
        if self._watcher.let_go:  # while the picture was encoded
            return
        self._writing = True
        try:
            await asyncio.wait_for(
                self._context.write(camera_result_to_proto(result, jpeg)),
                self._write_timeout_s,
            )
        except asyncio.TimeoutError:
            raise self._too_slow() from None
        except asyncio.CancelledError:
            if self._watcher.let_go:
                raise self._too_slow() from None
            raise
        finally:
            self._writing = False

    def _too_slow(self) -> LimitReachedError:
        text = f"results of camera {self._request.camera!r} were read too slowly: the watch is over"
        return LimitReachedError(text)

    def _notify(self) -> None:
        """Called from the dispatcher's thread."""
        self._loop.call_soon_threadsafe(self._notice)

    def _notice(self) -> None:
        self._changed.set()
        if self._watcher.let_go and self._writing and self._task is not None:
            self._task.cancel()
