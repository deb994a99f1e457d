"""What a server sees on one of its cameras, across broken connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
from grpc import aio

from edgeserve.client.errors import error_of
from edgeserve.domain.backoff import Backoff
from edgeserve.domain.errors import CameraNotFoundError, ModelNotFoundError, TransportError
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire.codec.camera import camera_result_from_proto

if TYPE_CHECKING:
    from edgeserve.client.stream import Connection
    from edgeserve.domain.camera import CameraResult
    from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceAsyncStub

    Call = aio.UnaryStreamCall[pb.WatchCameraRequest, pb.WatchCameraResponse]


class Watch:
    """Results of a camera, one after the other; what comes while a connection is down is lost."""

    def __init__(
        self,
        stub: DetectionServiceAsyncStub,
        request: pb.WatchCameraRequest,
        connection: Connection,
    ) -> None:
        """Prepare a watch; the first `next` begins it."""
        self._stub = stub
        self._request = request
        self._connection = connection
        self._call: Call | None = None
        self._backoff = Backoff()
        self._down_since_s: float | None = None
        # A server that was never there is said at once; one that goes away may come back.
        self._patience_s = 0.0

    async def next(self) -> CameraResult:
        """The next result.

        Raises:
            CameraNotFoundError: the server has no such camera, or no longer.
            RequestError: the request makes no sense.
            TransportError: the server ended the watch, or did not come back in time.
        """
        while True:
            call = self._call
            if call is None:
                call = self._call = self._stub.WatchCamera(
                    self._request, metadata=self._connection.credentials.metadata()
                )
            try:
                message = await call.read()
            except aio.AioRpcError as error:
                self._call = None
                await self._wait(error)
                continue
            if isinstance(message, pb.WatchCameraResponse):
                self._begun()
                return camera_result_from_proto(message)
            self._call = None
            text = f"the server at {self._connection.address} ended the watch without a reason"
            raise TransportError(text)

    def close(self) -> None:
        """End the watch."""
        if self._call is not None:
            self._call.cancel()

    def _begun(self) -> None:
        self._down_since_s = None
        self._patience_s = self._connection.reconnect_timeout_s
        self._backoff.reset()

    async def _wait(self, error: aio.AioRpcError) -> None:
        """Pause before the next try, or give up."""
        now_s = asyncio.get_running_loop().time()
        if self._down_since_s is None:
            self._down_since_s = now_s
        left_s = self._patience_s - (now_s - self._down_since_s)
        if error.code() is not grpc.StatusCode.UNAVAILABLE or left_s <= 0:
            told = error_of(error, self._connection.address)
            if isinstance(told, ModelNotFoundError):
                told = CameraNotFoundError(str(told))
            raise told from error
        await asyncio.sleep(min(self._backoff.wait_s(), left_s))
