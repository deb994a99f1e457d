"""The one table from gRPC status codes to domain errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import grpc

from edgeserve.domain.errors import (
    EdgeserveError,
    ModelNotFoundError,
    ModelNotReadyError,
    NotPermittedError,
    RequestError,
    TransportError,
    UnauthenticatedError,
)

if TYPE_CHECKING:
    from grpc import aio

# {details} are the server's own words.
_TABLE: dict[grpc.StatusCode, tuple[type[EdgeserveError], str]] = {
    grpc.StatusCode.UNAUTHENTICATED: (
        UnauthenticatedError,
        "the server at {address} does not let this client in: {details}",
    ),
    grpc.StatusCode.PERMISSION_DENIED: (NotPermittedError, "{details}"),
    grpc.StatusCode.INVALID_ARGUMENT: (RequestError, "{details}"),
    grpc.StatusCode.NOT_FOUND: (ModelNotFoundError, "{details}"),
    grpc.StatusCode.FAILED_PRECONDITION: (ModelNotReadyError, "{details}"),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (
        TransportError,
        "the server at {address} refuses the call: {details}",
    ),
    grpc.StatusCode.DEADLINE_EXCEEDED: (
        TransportError,
        "the server at {address} gave no answer in time ({details})",
    ),
    grpc.StatusCode.UNIMPLEMENTED: (
        TransportError,
        "the server at {address} does not know this call ({details}); is it edgeserve?",
    ),
    grpc.StatusCode.UNAVAILABLE: (
        TransportError,
        "no server at {address} ({details}); check that `edgeserve serve` runs and listens there",
    ),
}
_NOT_ACCEPTED = re.compile(r"CERTIFICATE_VERIFY_FAILED: ([^:]+)")
"""In Core's details of UNAVAILABLE: OpenSSL's reason."""
_OTHER = (TransportError, "the server at {address} ended the call with {code}: {details}")


def error_of(error: aio.AioRpcError, address: str) -> EdgeserveError:
    """The domain error of a call to `address` that failed."""
    kind, text = _TABLE.get(error.code(), _OTHER)
    details = error.details() or "no reason given"
    if error.code() is grpc.StatusCode.UNAVAILABLE and (found := _NOT_ACCEPTED.search(details)):
        text = (
            f"the server at {address} shows a certificate that this client does not accept: "
            f"{found[1]}; check it, and the authorities that the client trusts (ca)"
        )
        return TransportError(text)
    return kind(text.format(address=address, code=error.code().name, details=details))
