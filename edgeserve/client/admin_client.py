"""Changes to a running server, for programs without an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from grpc import aio

from edgeserve.client.channel import open_channel
from edgeserve.client.credentials import NOBODY, Credentials
from edgeserve.client.errors import error_of
from edgeserve.client.loop_thread import LoopThread
from edgeserve.domain.errors import CameraNotFoundError, ModelNotFoundError
from edgeserve.wire._generated import admin_pb2 as pb
from edgeserve.wire._generated.admin_pb2_grpc import AdminServiceStub

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from typing_extensions import Self

    from edgeserve.wire._generated.admin_pb2_grpc import AdminServiceAsyncStub


class _Extras(TypedDict):
    timeout: float
    metadata: tuple[tuple[str, str], ...]


class AdminClient:
    """A connection to the admin service of a server."""

    def __init__(
        self, address: str, *, timeout: float = 10.0, credentials: Credentials = NOBODY
    ) -> None:
        """Prepare a client; it connects when first used.

        Args:
            address: unix:PATH or HOST:PORT, of the admin service.
            timeout: seconds that a call may take.
            credentials: what to show to the server, and by what to know it.

        Raises:
            ConfigurationError: a malformed address, or a file of the credentials that cannot be
                used.
        """

        async def make() -> aio.Channel:
            return open_channel(address, credentials)

        self.address = address
        self._timeout_s = timeout
        self._credentials = credentials
        self._thread = LoopThread()
        try:
            self._channel = self._thread.run(make())
        except BaseException:
            self._thread.close()
            raise

    def add_camera(self, name: str, url: str, model: str = "") -> None:
        """Have the server read one more camera, until it ends.

        Raises:
            RequestError: the camera makes no sense, or is there already.
            ModelNotFoundError: the server has no such model.
            TransportError: no answer.
        """
        request = pb.AddCameraRequest(name=name, url=url, model=model)
        self._answer(lambda stub: stub.AddCamera(request, **self._with()))

    def remove_camera(self, name: str) -> None:
        """Have the server read a camera no longer.

        Raises:
            CameraNotFoundError: it has none of that name.
            TransportError: no answer.
        """
        request = pb.RemoveCameraRequest(name=name)
        self._change(lambda stub: stub.RemoveCamera(request, **self._with()))

    def pause_camera(self, name: str, *, paused: bool = True) -> None:
        """Have the server let a camera go for a while, or go on.

        Raises:
            CameraNotFoundError: it has none of that name.
            TransportError: no answer.
        """
        request = pb.PauseCameraRequest(name=name, paused=paused)
        self._change(lambda stub: stub.PauseCamera(request, **self._with()))

    def close(self) -> None:
        """End the connection."""
        if not self._thread.closed:
            self._thread.run(self._channel.close(None))
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

    def _with(self) -> _Extras:
        return {"timeout": self._timeout_s, "metadata": self._credentials.metadata()}

    def _change(self, call: Callable[[AdminServiceAsyncStub], Awaitable[object]]) -> None:
        """Call for a camera that must be there."""
        try:
            self._answer(call)
        except ModelNotFoundError as error:
            raise CameraNotFoundError(str(error)) from error

    def _answer(self, call: Callable[[AdminServiceAsyncStub], Awaitable[object]]) -> None:
        async def ask() -> None:
            stub: AdminServiceAsyncStub = AdminServiceStub(self._channel)
            try:
                await call(stub)
            except aio.AioRpcError as error:
                raise error_of(error, self.address) from error

        self._thread.run(ask())
