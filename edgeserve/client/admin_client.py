"""Changes to a running server, for programs without an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, TypeVar

from grpc import aio

from edgeserve.client.channel import open_channel
from edgeserve.client.credentials import NOBODY, Credentials
from edgeserve.client.errors import error_of
from edgeserve.client.loop_thread import LoopThread
from edgeserve.domain.errors import CameraNotFoundError, ModelNotFoundError
from edgeserve.wire._generated import admin_pb2 as pb
from edgeserve.wire._generated.admin_pb2_grpc import AdminServiceStub

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from edgeserve.wire._generated.admin_pb2_grpc import AdminServiceAsyncStub


T = TypeVar("T")
_LOAD_S = 600.0
"""A large model on a small machine compiles for minutes."""


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
            timeout: seconds that a call may take; loading a model may take ten minutes.
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

    def load_model(self, name: str, version: str = "") -> str:
        """Have the server serve a model; returns when it does.

        Without a version its newest takes the place of the one that serves, which goes on until
        then, and if the new one fails; a version that is named serves beside the others.

        Returns:
            The version that serves.

        Raises:
            ModelNotFoundError: the server finds no such bundle.
            RequestError: its manifest is wrong.
            ModelNotReadyError: it cannot serve; the text says why.
            TransportError: no answer, or the server failed on it.
        """
        request = pb.LoadModelRequest(name=name, version=version)
        return self._answer(lambda stub: stub.LoadModel(request, **self._with(_LOAD_S))).version

    def reload_model(self, name: str, version: str = "") -> Sequence[str]:
        """Have the server read what serves of a model anew, or one version of it.

        Returns:
            The versions that were read.

        Raises:
            EdgeserveError: as `load_model`; not found is what does not serve.
        """
        request = pb.ReloadModelRequest(name=name, version=version)
        answer = self._answer(lambda stub: stub.ReloadModel(request, **self._with(_LOAD_S)))
        return [one.version for one in answer.models]

    def unload_model(self, name: str, version: str = "") -> None:
        """Have the server serve a model no longer, or one version of it.

        Raises:
            ModelNotFoundError: it does not serve.
            TransportError: no answer.
        """
        request = pb.UnloadModelRequest(name=name, version=version)
        self._answer(lambda stub: stub.UnloadModel(request, **self._with(_LOAD_S)))

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

    def _with(self, timeout_s: float | None = None) -> _Extras:
        return {"timeout": timeout_s or self._timeout_s, "metadata": self._credentials.metadata()}

    def _change(self, call: Callable[[AdminServiceAsyncStub], Awaitable[object]]) -> None:
        """Call for a camera that must be there."""
        try:
            self._answer(call)
        except ModelNotFoundError as error:
            raise CameraNotFoundError(str(error)) from error

    def _answer(self, call: Callable[[AdminServiceAsyncStub], Awaitable[T]]) -> T:
        async def ask() -> T:
            stub: AdminServiceAsyncStub = AdminServiceStub(self._channel)
            try:
                return await call(stub)
            except aio.AioRpcError as error:
                raise error_of(error, self.address) from error

        return self._thread.run(ask())
