"""The one table from domain errors to gRPC status codes."""

from __future__ import annotations

import grpc

from edgeserve.domain.errors import (
    CameraNotFoundError,
    ConfigurationError,
    EdgeserveError,
    EngineError,
    InvalidImageError,
    LimitReachedError,
    ModelNotFoundError,
    ModelNotReadyError,
    NotAvailableError,
    NotPermittedError,
    RateLimitedError,
    RequestError,
    ShuttingDownError,
    TooManyBytesError,
    TooManyPixelsError,
    UnauthenticatedError,
    UnsupportedError,
)
from edgeserve.domain.result import DropReason, ErrorCode

_STATUS: tuple[tuple[type[EdgeserveError], grpc.StatusCode], ...] = (
    (UnauthenticatedError, grpc.StatusCode.UNAUTHENTICATED),
    (NotPermittedError, grpc.StatusCode.PERMISSION_DENIED),
    (ModelNotFoundError, grpc.StatusCode.NOT_FOUND),
    (CameraNotFoundError, grpc.StatusCode.NOT_FOUND),
    (ConfigurationError, grpc.StatusCode.INVALID_ARGUMENT),
    (RequestError, grpc.StatusCode.INVALID_ARGUMENT),
    (ModelNotReadyError, grpc.StatusCode.FAILED_PRECONDITION),
    (NotAvailableError, grpc.StatusCode.FAILED_PRECONDITION),
    (InvalidImageError, grpc.StatusCode.INVALID_ARGUMENT),
    (TooManyPixelsError, grpc.StatusCode.INVALID_ARGUMENT),
    (TooManyBytesError, grpc.StatusCode.INVALID_ARGUMENT),
    (RateLimitedError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (EngineError, grpc.StatusCode.INTERNAL),
    (UnsupportedError, grpc.StatusCode.UNIMPLEMENTED),
    (LimitReachedError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (ShuttingDownError, grpc.StatusCode.UNAVAILABLE),
)
_FRAME_STATUS = {
    ErrorCode.INVALID_IMAGE: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.TOO_MANY_PIXELS: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.TOO_MANY_BYTES: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.RATE_LIMITED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ErrorCode.ENGINE_FAILED: grpc.StatusCode.INTERNAL,
    ErrorCode.INTERNAL: grpc.StatusCode.INTERNAL,
    ErrorCode.MODEL_UNAVAILABLE: grpc.StatusCode.FAILED_PRECONDITION,
}
_DROP_STATUS = {
    DropReason.REPLACED: (grpc.StatusCode.ABORTED, "a newer frame took its place"),
    DropReason.EXPIRED: (grpc.StatusCode.DEADLINE_EXCEEDED, "its turn came after the deadline"),
    DropReason.QUEUE_FULL: (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "no memory is left for waiting frames (setting max_waiting_bytes)",
    ),
    DropReason.SHUTDOWN: (grpc.StatusCode.UNAVAILABLE, "the server is shutting down"),
}


def status_of(error: EdgeserveError) -> grpc.StatusCode:
    """The status code of a call that ends with this error."""
    for kind, code in _STATUS:
        if isinstance(error, kind):
            return code
    return grpc.StatusCode.INTERNAL


def status_of_frame(code: ErrorCode) -> grpc.StatusCode:
    """The status code of a unary call whose frame ended in ERROR."""
    return _FRAME_STATUS[code]


def status_of_drop(reason: DropReason) -> tuple[grpc.StatusCode, str]:
    """The status code and the words of a unary call whose frame was dropped."""
    return _DROP_STATUS[reason]
