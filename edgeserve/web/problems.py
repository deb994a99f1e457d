"""Errors of the API as application/problem+json; the one table from domain errors to HTTP."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

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
)
from edgeserve.domain.result import DropReason, ErrorCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.typedefs import Handler

    from edgeserve.domain.result import FrameResult

_log = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
API = "/api"
_STATUS: tuple[tuple[type[EdgeserveError], HTTPStatus], ...] = (
    (ModelNotFoundError, HTTPStatus.NOT_FOUND),
    (CameraNotFoundError, HTTPStatus.NOT_FOUND),
    (ConfigurationError, HTTPStatus.BAD_REQUEST),
    (RequestError, HTTPStatus.BAD_REQUEST),
    (ModelNotReadyError, HTTPStatus.SERVICE_UNAVAILABLE),
    (InvalidImageError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (TooManyPixelsError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (TooManyBytesError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (EngineError, HTTPStatus.INTERNAL_SERVER_ERROR),
    (UnauthenticatedError, HTTPStatus.UNAUTHORIZED),
    (NotPermittedError, HTTPStatus.FORBIDDEN),
    (LimitReachedError, HTTPStatus.TOO_MANY_REQUESTS),
    (RateLimitedError, HTTPStatus.TOO_MANY_REQUESTS),
    (ShuttingDownError, HTTPStatus.SERVICE_UNAVAILABLE),
    (NotAvailableError, HTTPStatus.SERVICE_UNAVAILABLE),
)
_FRAME_STATUS = {
    ErrorCode.INVALID_IMAGE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.TOO_MANY_PIXELS: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.TOO_MANY_BYTES: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.MODEL_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.ENGINE_FAILED: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_DROP = {
    DropReason.REPLACED: "a newer picture took its place",
    DropReason.EXPIRED: "its turn came too late",
    DropReason.QUEUE_FULL: "no memory is left for waiting frames (setting max_waiting_bytes)",
    DropReason.SHUTDOWN: "the server is shutting down",
}


def status_of(error: EdgeserveError) -> HTTPStatus:
    """The status of a request that ends with this error."""
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """A response that says what was wrong, for people and programs (RFC 9457)."""
    words = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": words, "status": status, "detail": detail}
    return web.Response(
        status=status, text=json.dumps(body), content_type=CONTENT_TYPE, headers=headers
    )


def problem_of(result: FrameResult) -> web.Response | None:
    """What is wrong with the answer to a picture; None if nothing is."""
    if result.error_code is not None:
        return problem(_FRAME_STATUS[result.error_code], result.message)
    if result.drop_reason is not None:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, _DROP[result.drop_reason])
    return None


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what handlers under /api raise into problems."""
    if not request.path.startswith(f"{API}/"):
        return await handler(request)
    try:
        return await handler(request)
    except EdgeserveError as error:
        return problem(status_of(error), str(error))
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        response = problem(error.status, _detail(error, request))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        if "WWW-Authenticate" in error.headers:
            response.headers["WWW-Authenticate"] = error.headers["WWW-Authenticate"]
        return response
    except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer
        _log.exception("%s %s failed", request.method, request.path)
        text = "a fault of the server; its log says more"
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, text)


def _detail(error: web.HTTPException, request: web.Request) -> str:
    if isinstance(error, web.HTTPNotFound):
        return f"there is nothing at {request.path}; /api/openapi.json says what there is"
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return f"{request.method} is not for {request.path}; expected {allowed}"
    return error.text or error.reason
