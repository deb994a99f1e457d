"""What a gRPC call shows of its caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from edgeserve.access.identity import Presented

if TYPE_CHECKING:
    from grpc import aio

_BEARER = "bearer "


def presented_by(context: aio.ServicerContext[Any, Any]) -> Presented:
    """Read a call's address, its token and its certificate."""
    shown = context.auth_context()
    return Presented(
        address=_host(context.peer()),
        token=_token(context),
        common_name=next(iter(_texts(shown.get("x509_common_name", ()))), ""),
        alternative_names=_texts(shown.get("x509_subject_alternative_name", ())),
    )


def _host(peer: str) -> str:
    """The IP address of `ipv4:A.B.C.D:PORT` or `ipv6:%5B::1%5D:PORT`; "" of a Unix socket."""
    kind, _, rest = peer.partition(":")
    if kind.startswith("unix"):
        return ""
    return unquote(rest).rpartition(":")[0].strip("[]") or peer


def _token(context: aio.ServicerContext[Any, Any]) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == "authorization" and isinstance(value, str):
            scheme, token = value[: len(_BEARER)], value[len(_BEARER) :]
            return token.strip() if scheme.lower() == _BEARER else ""
    return ""


def _texts(values: object) -> tuple[str, ...]:
    found = values if isinstance(values, (list, tuple)) else ()
    return tuple(value.decode("utf-8", "replace") for value in found if isinstance(value, bytes))
