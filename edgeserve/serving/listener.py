"""Ports of a gRPC server: plain, TLS, or TLS that demands a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

if TYPE_CHECKING:
    from grpc import aio

    from edgeserve.access.gate import Gate
    from edgeserve.access.tls_files import TlsMaterial


def add_port(
    server: aio.Server, address: str, gate: Gate | None, *, certificates: bool = False
) -> int:
    """Have a server listen, by TLS where the gate has it; a Unix socket is always plain.

    Args:
        server: not started yet.
        address: HOST:PORT or unix:PATH.
        gate: of the server.
        certificates: demand one of every client. gRPC can demand them or not ask for them; where
            it does not ask, clients with a certificate could not show it.

    Returns:
        The port that was taken.

    Raises:
        RuntimeError: it cannot listen there.
    """
    if gate is None or gate.tls is None or address.startswith("unix:"):
        return server.add_insecure_port(address)
    tls = gate.tls
    served = tls.material

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        """Called at each handshake."""
        nonlocal served
        if tls.material is served:
            return None
        served = tls.material
        return _configuration(served, certificates=certificates)

    credentials = grpc.dynamic_ssl_server_credentials(
        _configuration(served, certificates=certificates),
        fetch,  # type: ignore[arg-type]  # None: nothing has changed
        certificates,
    )
    return server.add_secure_port(address, credentials)


def demands_certificates(gate: Gate | None) -> bool:
    """Whether a certificate is the only thing that a client could show."""
    return gate is not None and bool(gate.options.tls_client_ca and not gate.options.tokens_file)


def _configuration(
    material: TlsMaterial, *, certificates: bool
) -> grpc.ServerCertificateConfiguration:
    pair = (material.key, material.certificate)
    return grpc.ssl_server_certificate_configuration(
        [pair], root_certificates=material.client_ca if certificates else None
    )
