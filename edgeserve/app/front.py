"""What a server's callers meet: its gRPC, HTTP and admin ports.

Heavy to import, and not needed before models are there: a server imports it while they load.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.access.places import Places
from edgeserve.app.doors import is_only_local
from edgeserve.app.http import HttpServer
from edgeserve.engines.registry import devices
from edgeserve.oip.service import OpenInference
from edgeserve.serving.admin import AdminServer
from edgeserve.serving.server import GrpcServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack

    from edgeserve.access.gate import Gate
    from edgeserve.app.model_manager import ModelManager
    from edgeserve.config.settings import Settings
    from edgeserve.pipeline.cameras import Cameras


@dataclass(frozen=True, slots=True)
class Front:
    """Ports that are open.

    Attributes:
        grpc: the server of detections.
        grpc_address: where it listens.
        http_address: of the HTTP server; empty where there is none.
    """

    grpc: GrpcServer
    grpc_address: str
    http_address: str


async def open_front(
    stack: AsyncExitStack,
    settings: Settings,
    gate: Gate,
    control: ModelManager,
    cameras: Cameras,
    *,
    render_metrics: Callable[[str], tuple[bytes, str]],
    is_ready: Callable[[], bool],
) -> Front:
    """Open the ports until the stack is left.

    Args:
        stack: of the server.
        settings: of the server.
        gate: who may do what.
        control: the models.
        cameras: of this box.
        render_metrics: see `HttpServer`.
        is_ready: likewise.

    Raises:
        PortTakenError: an address cannot be listened on.
    """
    models, access, serving = control.models, settings.access, settings.serving
    oip = OpenInference.of(models, access, Places(access, gate.refusals), control)
    http_address = ""
    if settings.web.http_listen:
        web = HttpServer(
            settings.web,
            gate,
            oip,
            cameras,
            devices,
            only_local=is_only_local(settings),
            render_metrics=render_metrics,
            is_ready=is_ready,
        )
        stack.push_async_callback(web.stop)
        http_address = await web.start()
    grpc = GrpcServer(models, devices, access, serving, cameras, gate, oip)
    stack.push_async_callback(grpc.stop)
    grpc_address = await grpc.start()
    if serving.admin_listen:
        admin = AdminServer(cameras, serving, control, gate)
        stack.push_async_callback(admin.stop)
        await admin.start()
    return Front(grpc, grpc_address, http_address)
