"""The Open Inference Protocol over HTTP: /v2."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from aiohttp import web

from edgeserve.domain.errors import (
    EdgeserveError,
    EngineError,
    LimitReachedError,
    ModelNotFoundError,
    ModelNotReadyError,
    RequestError,
    ShuttingDownError,
    UnsupportedError,
)
from edgeserve.web.body import Bodies
from edgeserve.wire.oip.rest_codec import JSON_LENGTH, request_from_rest, response_to_rest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from edgeserve.oip.service import OpenInference

    Handler = Callable[[web.Request], Awaitable[web.Response]]

_SOURCE = "http"
_MODEL = "/v2/models/{name}"
_VERSION = _MODEL + "/versions/{version}"
_STATUS: tuple[tuple[type[EdgeserveError], int], ...] = (
    (ModelNotFoundError, 404),
    (UnsupportedError, 501),
    (LimitReachedError, 503),
    (ModelNotReadyError, 503),
    (ShuttingDownError, 503),
    (EngineError, 500),
)
_BAD_REQUEST = 400
_MOST_JSON_BYTES = 1 << 16
"""Of requests that bring no frames."""


class OipRoutes:
    """Liveness, descriptions, inferences and the repository."""

    def __init__(self, oip: OpenInference) -> None:
        """Prepare the part."""
        self._inference = oip.inference
        self._descriptions = oip.descriptions
        self._bodies = Bodies(oip.inference.models.options)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """See `Part`."""
        yield web.get("/v2", _answering(self._server))
        yield web.get("/v2/health/live", _answering(self._live))
        yield web.get("/v2/health/ready", _answering(self._ready))
        yield web.get("/v2/models/stats", _answering(self._statistics))
        for model in (_MODEL, _VERSION):
            yield web.get(model, _answering(self._model))
            yield web.get(f"{model}/ready", _answering(self._model_ready))
            yield web.get(f"{model}/config", _answering(self._config))
            yield web.get(f"{model}/stats", _answering(self._statistics))
            yield web.post(f"{model}/infer", _answering(self._infer))
        yield web.post("/v2/repository/index", _answering(self._index))
        yield web.post("/v2/repository/models/{name}/load", _answering(self._load))
        yield web.post("/v2/repository/models/{name}/unload", _answering(self._unload))

    async def _infer(self, request: web.Request) -> web.Response:
        body = await self._bodies.read(request)
        asked = request_from_rest(body, _json_length(request), *_model_of(request))
        answer = await self._inference.infer(asked, source=_SOURCE)
        written, json_length = response_to_rest(answer, asked)
        if json_length is None:
            return web.Response(body=written, content_type="application/json")
        headers = {JSON_LENGTH: str(json_length)}
        return web.Response(body=written, headers=headers, content_type="application/octet-stream")

    async def _server(self, _request: web.Request) -> web.Response:
        return web.json_response(asdict(self._descriptions.server()))

    async def _live(self, _request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def _ready(self, _request: web.Request) -> web.Response:
        ready = self._descriptions.ready
        return web.json_response({"ready": ready}, status=200 if ready else _BAD_REQUEST)

    async def _model_ready(self, request: web.Request) -> web.Response:
        name, version = _model_of(request)
        ready = self._descriptions.model_ready(name, version)
        body = {"name": name, "ready": ready}
        return web.json_response(body, status=200 if ready else _BAD_REQUEST)

    async def _model(self, request: web.Request) -> web.Response:
        return web.json_response(asdict(self._descriptions.model(*_model_of(request))))

    async def _config(self, request: web.Request) -> web.Response:
        return web.json_response(asdict(self._descriptions.config(*_model_of(request))))

    async def _statistics(self, request: web.Request) -> web.Response:
        found = self._descriptions.statistics(*_model_of(request))
        return web.json_response({"model_stats": [asdict(one) for one in found]})

    async def _index(self, request: web.Request) -> web.Response:
        asked = await _json(request)
        found = await self._descriptions.index(ready_only=asked.get("ready") is True)
        return web.json_response([asdict(one) for one in found])

    async def _load(self, request: web.Request) -> web.Response:
        parameters = (await _json(request)).get("parameters")
        if parameters:
            text = "load takes no parameters: bundles lie on the server"
            raise RequestError(text)
        await self._descriptions.load(request.match_info["name"])
        return web.json_response({})

    async def _unload(self, request: web.Request) -> web.Response:
        await self._descriptions.unload(request.match_info["name"])
        return web.json_response({})


def _answering(handler: Handler) -> Handler:
    """A handler whose errors are answered as the protocol wants it."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except EdgeserveError as error:
            found = (status for kind, status in _STATUS if isinstance(error, kind))
            status = next(found, _BAD_REQUEST)
            return web.json_response({"error": str(error)}, status=status)
        except web.HTTPRequestEntityTooLarge as error:
            text = f"the request is too long (setting max_frame_bytes): {error.text}"
            return web.json_response({"error": text}, status=error.status)

    return answer


def _model_of(request: web.Request) -> tuple[str, str]:
    """Name and version in the path; empty where it has none."""
    return request.match_info.get("name", ""), request.match_info.get("version", "")


def _json_length(request: web.Request) -> int | None:
    given = request.headers.get(JSON_LENGTH)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit()):
        text = f"{JSON_LENGTH} is {given!r}; expected a number of bytes"
        raise RequestError(text)
    return int(given)


async def _json(request: web.Request) -> dict[str, object]:
    """The body as an object; an empty body is an empty one."""
    body = await request.read()
    if not body:
        return {}
    if len(body) > _MOST_JSON_BYTES:
        text = f"the request has {len(body)} bytes; expected {_MOST_JSON_BYTES} at most"
        raise RequestError(text)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        text = f"the request is not JSON: {error}"
        raise RequestError(text) from error
    if not isinstance(found, dict):
        text = f"the request is {type(found).__name__}; expected a JSON object"
        raise RequestError(text)
    return found
