"""What an HTTP request shows of its sender."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from edgeserve.access.identity import Presented

if TYPE_CHECKING:
    from aiohttp import web

SESSION_COOKIE = "edgeserve_session"
_BEARER = "bearer "


def presented_by(request: web.Request) -> Presented:
    """Read a request's address, its token or session, and its certificate."""
    transport = request.transport
    certificate: dict[str, Any] = {}
    local = False
    if transport is not None:
        certificate = transport.get_extra_info("peercert") or {}
        ours = transport.get_extra_info("socket")
        local = ours is not None and ours.family == socket.AF_UNIX
    subject = {name: value for part in certificate.get("subject", ()) for name, value in part}
    return Presented(
        address="" if local else request.remote or "unknown",
        token=_token(request.headers.get("Authorization", "")),
        session=request.cookies.get(SESSION_COOKIE, ""),
        common_name=subject.get("commonName", ""),
        alternative_names=tuple(
            value for _, value in certificate.get("subjectAltName", ()) if isinstance(value, str)
        ),
    )


def _token(header: str) -> str:
    scheme, token = header[: len(_BEARER)], header[len(_BEARER) :]
    return token.strip() if scheme.lower() == _BEARER else ""
