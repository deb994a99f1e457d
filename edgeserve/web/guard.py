"""Asks of each HTTP request who sends it and whether they may."""

from __future__ import annotations

import asyncio
import math
from contextlib import ExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from edgeserve.access.gate import REFUSAL_S, current_meter
from edgeserve.access.refusals import Reason
from edgeserve.domain.errors import (
    EdgeserveError,
    LimitReachedError,
    NotPermittedError,
    RateLimitedError,
    UnauthenticatedError,
)
from edgeserve.web.caller import presented_by
from edgeserve.web.origin import is_foreign, is_rebound
from edgeserve.web.path_rights import INFER, is_reading, rights_for
from edgeserve.web.problems import problem, status_of

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from edgeserve.access.gate import Gate
    from edgeserve.access.rights import Right

_REFUSALS = (UnauthenticatedError, NotPermittedError, LimitReachedError, RateLimitedError)


def create_guard(gate: Gate, *, only_local: bool) -> Middleware:
    """A middleware that lets requests through the gate.

    Args:
        gate: of the server.
        only_local: nobody is asked, and the server is for its own machine alone: requests that
            call it by another name come from a page that plays a trick.
    """
    unprotected = gate.options.unprotected

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if only_local and is_rebound(request):
            text = (
                f"this server is for its own machine, and not for {request.host}; behind a proxy "
                "set tokens_file, or say --insecure"
            )
            gate.refusals.add(Reason.FOREIGN_PAGE)
            return problem(HTTPStatus.FORBIDDEN, text)
        changes = not is_reading(request.method) or "Upgrade" in request.headers
        if changes and is_foreign(request):
            gate.refusals.add(Reason.FOREIGN_PAGE)
            return problem(HTTPStatus.FORBIDDEN, "the request comes from a page of another site")
        needs = rights_for(request.method, _path(request), unprotected)
        if needs is None or gate.open:
            return await handler(request)
        return await _through(gate, needs, request, handler)

    return guard


async def _through(
    gate: Gate, needs: frozenset[Right], request: web.Request, handler: Handler
) -> web.StreamResponse:
    with ExitStack() as inside:
        try:
            what = f"{request.method} {request.path}"
            call = inside.enter_context(gate.passing(presented_by(request), needs, what))
            meter = current_meter()
            # The protocol under /v2 charges each frame of a request.
            if meter is not None and needs == INFER and not request.path.startswith("/v2/"):
                meter.charge(request.content_length or 0)
        except _REFUSALS as error:
            if isinstance(error, (LimitReachedError, RateLimitedError)):
                await asyncio.sleep(REFUSAL_S)
            return _refusal_of(error)
        try:
            return await handler(request)
        except asyncio.CancelledError:
            # Its answer may have begun: there is no place for a status any more.
            if call.withdrawn and request.transport is not None:
                request.transport.abort()
            raise


def _refusal_of(error: EdgeserveError) -> web.Response:
    headers = {}
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, (LimitReachedError, RateLimitedError)):
        wait_s = error.wait_s if isinstance(error, RateLimitedError) else 1
        headers["Retry-After"] = str(math.ceil(wait_s))
    return problem(status_of(error), str(error), headers)


def _path(request: web.Request) -> str:
    """Of the route that was found: what the request calls it could be written in many ways."""
    resource = request.match_info.route.resource
    return request.path if resource is None else resource.canonical
