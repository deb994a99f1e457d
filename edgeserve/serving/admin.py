"""edgeserve.v1.AdminService: changes to a running server, on an address of their own."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from grpc import aio
from grpc_reflection.v1alpha import reflection
from pydantic import ValidationError

from edgeserve.cameras.options import CameraOptions
from edgeserve.catalog.manifest import explain
from edgeserve.domain.errors import (
    EdgeserveError,
    PortTakenError,
    RequestError,
)
from edgeserve.serving.address import claim_socket
from edgeserve.serving.errors import status_of
from edgeserve.serving.guard import Guard
from edgeserve.serving.listener import add_port, demands_certificates
from edgeserve.serving.options import DEFAULT_ADMIN, default_admin_address
from edgeserve.serving.reading import CarefulReading
from edgeserve.wire._generated import admin_pb2 as pb
from edgeserve.wire._generated.admin_pb2_grpc import (
    AdminServiceServicer,
    add_AdminServiceServicer_to_server,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeserve.access.gate import Gate
    from edgeserve.pipeline.cameras import Cameras
    from edgeserve.pipeline.model_control import ModelControl
    from edgeserve.serving.options import ServingOptions

_log = logging.getLogger(__name__)
_SERVICE = pb.DESCRIPTOR.services_by_name["AdminService"].full_name
_MODE = stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IWGRP
_STOP_GRACE_S = 0.5
T = TypeVar("T")


class AdminServicer(AdminServiceServicer):
    """Turns calls into changes of the cameras and of the models."""

    def __init__(self, cameras: Cameras, models: ModelControl) -> None:
        """Change these."""
        self._cameras = cameras
        self._models = models

    async def AddCamera(  # noqa: N802 - the protocol's name
        self,
        request: pb.AddCameraRequest,
        context: aio.ServicerContext[pb.AddCameraRequest, pb.AddCameraResponse],
    ) -> pb.AddCameraResponse:
        """Read one more camera; what the request does not say takes its default."""

        def add() -> None:
            try:
                given = {"name": request.name, "url": request.url, "model": request.model}
                options = CameraOptions.model_validate(given)
            except ValidationError as error:
                raise RequestError(explain("camera", error)) from None
            self._cameras.add(options)

        await _done(add, context)
        return pb.AddCameraResponse()

    async def RemoveCamera(  # noqa: N802 - the protocol's name
        self,
        request: pb.RemoveCameraRequest,
        context: aio.ServicerContext[pb.RemoveCameraRequest, pb.RemoveCameraResponse],
    ) -> pb.RemoveCameraResponse:
        """Read a camera no longer."""
        await _done(lambda: self._cameras.remove(request.name), context)
        return pb.RemoveCameraResponse()

    async def PauseCamera(  # noqa: N802 - the protocol's name
        self,
        request: pb.PauseCameraRequest,
        context: aio.ServicerContext[pb.PauseCameraRequest, pb.PauseCameraResponse],
    ) -> pb.PauseCameraResponse:
        """Let a camera go for a while, or go on."""
        await _done(lambda: self._cameras.pause(request.name, paused=request.paused), context)
        return pb.PauseCameraResponse()

    async def LoadModel(  # noqa: N802 - the protocol's name
        self,
        request: pb.LoadModelRequest,
        context: aio.ServicerContext[pb.LoadModelRequest, pb.LoadModelResponse],
    ) -> pb.LoadModelResponse:
        """Have a model serve."""
        status = await _done(lambda: self._models.load(request.name, request.version), context)
        return pb.LoadModelResponse(name=status.name, version=status.version)

    async def ReloadModel(  # noqa: N802 - the protocol's name
        self,
        request: pb.ReloadModelRequest,
        context: aio.ServicerContext[pb.ReloadModelRequest, pb.ReloadModelResponse],
    ) -> pb.ReloadModelResponse:
        """Read what serves of a model anew."""
        found = await _done(lambda: self._models.reload(request.name, request.version), context)
        models = [pb.LoadModelResponse(name=one.name, version=one.version) for one in found]
        return pb.ReloadModelResponse(models=models)

    async def UnloadModel(  # noqa: N802 - the protocol's name
        self,
        request: pb.UnloadModelRequest,
        context: aio.ServicerContext[pb.UnloadModelRequest, pb.UnloadModelResponse],
    ) -> pb.UnloadModelResponse:
        """Serve a model no longer."""
        await _done(lambda: self._models.unload(request.name, request.version), context)
        return pb.UnloadModelResponse()


class AdminServer:
    """grpc.aio with the admin service, by default on a Unix socket of mode 0660."""

    def __init__(
        self,
        cameras: Cameras,
        options: ServingOptions,
        models: ModelControl,
        gate: Gate | None = None,
    ) -> None:
        """Prepare the server; nothing listens yet. Without a gate nobody is asked."""
        self._gate = gate
        self._is_default = options.admin_listen == DEFAULT_ADMIN
        self._listen = default_admin_address() if self._is_default else options.admin_listen
        self._server = aio.server(
            interceptors=[
                *([] if gate is None or gate.open else [Guard(gate)]),
                CarefulReading(),
            ],
            options=[("grpc.so_reuseport", 0)],
        )
        add_AdminServiceServicer_to_server(AdminServicer(cameras, models), self._server)
        reflection.enable_server_reflection((_SERVICE, reflection.SERVICE_NAME), self._server)
        self._path: Path | None = None

    async def start(self) -> str:
        """Listen.

        Returns:
            The address; "" where the default one cannot be had, which the log says.

        Raises:
            PortTakenError: somebody else listens there, or nobody may.
        """
        try:
            address = self._bind()
        except PortTakenError as error:
            if not self._is_default:
                raise
            _log.info("no admin service: %s", error)
            return ""
        await self._server.start()
        _log.info("admin service on %s", address)
        return address

    async def stop(self) -> None:
        """Stop listening."""
        await self._server.stop(_STOP_GRACE_S)
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _bind(self) -> str:
        if not self._listen.startswith("unix:"):
            port = self._add_port()
            return f"{self._listen.rpartition(':')[0]}:{port}"
        path = Path(self._listen.removeprefix("unix:"))
        try:
            if self._is_default:
                path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
                _check_owner(path.parent)
            claim_socket(str(path))
            # From the first moment on nobody else may connect.
            before = os.umask(0o777 & ~_MODE)
            try:
                self._add_port()
            finally:
                os.umask(before)
            path.chmod(_MODE)
        except OSError as error:
            text = f"cannot listen on {self._listen}: {error.strerror or error}"
            raise PortTakenError(text) from error
        self._path = path
        return self._listen

    def _add_port(self) -> int:
        try:
            return add_port(
                self._server,
                self._listen,
                self._gate,
                certificates=demands_certificates(self._gate),
            )
        except RuntimeError as error:
            text = (
                f"cannot listen on {self._listen}: it is taken, too long or not an address of "
                "this machine; choose another with --admin-listen"
            )
            raise PortTakenError(text) from error


def _check_owner(folder: Path) -> None:
    """In a folder that somebody else has made, they could put a socket of theirs."""
    if folder.stat().st_uid != os.geteuid():
        text = f"{folder} belongs to another user"
        raise PortTakenError(text)


async def _done(change: Callable[[], T], context: aio.ServicerContext[Any, Any]) -> T:
    try:
        return await asyncio.to_thread(change)
    except EdgeserveError as error:
        await context.abort(status_of(error), str(error))
