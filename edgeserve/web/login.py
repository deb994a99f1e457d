"""Browsers log in with a token and get a cookie that scripts cannot read."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

from edgeserve.access.refusals import Reason
from edgeserve.access.rights import Right
from edgeserve.access.sessions import LIFETIME_S
from edgeserve.domain.errors import UnauthenticatedError
from edgeserve.web.caller import SESSION_COOKIE, presented_by
from edgeserve.web.problems import problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgeserve.access.gate import Gate
    from edgeserve.access.identity import Identity

_MOST_BYTES = 4096
"""Of a body with a token."""


class Login:
    """POST /api/login and /api/logout, GET /api/session."""

    def __init__(self, gate: Gate) -> None:
        """Log browsers in at a gate."""
        self._gate = gate

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """See `Part`."""
        return (
            web.post("/api/login", self._log_in),
            web.post("/api/logout", self._log_out),
            web.get("/api/session", self._session),
        )

    async def _log_in(self, request: web.Request) -> web.Response:
        """{"token": TOKEN} for a cookie and {"asks", "name", "rights"}."""
        body = None
        # Anybody may ask this: what is longer is not even read.
        if (request.content_length or _MOST_BYTES + 1) <= _MOST_BYTES:
            with suppress(ValueError, RecursionError):
                body = json.loads(await request.read())
        token = body.get("token") if isinstance(body, dict) else None
        if not isinstance(token, str):
            return problem(400, 'expected {"token": TOKEN}')
        try:
            name, identity = self._gate.authorizer.log_in(token.strip())
        except UnauthenticatedError as error:
            self._gate.refusals.add(Reason.UNAUTHENTICATED)
            return problem(401, str(error))
        response = web.json_response(self._told(identity))
        response.set_cookie(
            SESSION_COOKIE,
            name,
            max_age=LIFETIME_S,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=request.secure,
        )
        return response

    async def _log_out(self, request: web.Request) -> web.Response:
        self._gate.authorizer.sessions.end(request.cookies.get(SESSION_COOKIE, ""))
        response = web.json_response({})
        response.del_cookie(SESSION_COOKIE, path="/")
        return response

    async def _session(self, request: web.Request) -> web.Response:
        """Who asks, as far as that is known: {"asks", "name", "rights"}."""
        try:
            identity = self._gate.authorizer.identify(presented_by(request))
        except UnauthenticatedError:
            identity = None
        return web.json_response(self._told(identity))

    def _told(self, identity: Identity | None) -> dict[str, object]:
        """`asks`: whether this server asks anybody; `name` is null where nobody is known."""
        return {
            "asks": self._gate.options.asks,
            "name": None if identity is None else identity.name,
            "rights": [one.value for one in Right if identity and one in identity.rights],
        }
