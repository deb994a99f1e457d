"""A gRPC server behind a gate, and clients of it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.access.gate import Gate
from edgeserve.serving.options import ServingOptions
from edgeserve.serving.server import GrpcServer
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from edgeserve.access.options import AccessOptions


@dataclass
class Guarded:
    """A server that asks."""

    gate: Gate
    server: GrpcServer
    address: str


@asynccontextmanager
async def guarded(
    options: AccessOptions, *, listen: str = "127.0.0.1:0", mtls: bool = False
) -> AsyncIterator[Guarded]:
    """Serve the fake model behind a gate of these options."""
    models = fakes.served_models()
    gate = Gate(options)
    serving = ServingOptions(listen=listen, mtls_listen="127.0.0.1:0" if mtls else "")
    server = GrpcServer(models, list, options, serving, gate=gate)
    try:
        address = await server.start()
        await server.set_serving(serving=True)
        yield Guarded(gate, server, address)
    finally:
        await server.stop()
        models.close()
