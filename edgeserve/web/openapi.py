"""The description of the API at /api/openapi.json, made from the table that routes come from."""

from __future__ import annotations

from http import HTTPStatus
from importlib import metadata
from typing import TYPE_CHECKING, Any

from aiohttp import web

from edgeserve.web.problems import API, CONTENT_TYPE
from edgeserve.web.records import encode
from edgeserve.web.schemas import SCHEMAS, ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgeserve.web.operation import ApiPart, Operation


class OpenApi:
    """Describes the operations of other parts."""

    def __init__(self, parts: Iterable[ApiPart]) -> None:
        """Write the description of these parts."""
        self._text = encode(_document(one for part in parts for one in part.operations()))

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """See `Part`."""
        return (web.get(f"{API}/openapi.json", self._document),)

    async def _document(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._text, content_type="application/json")


def _document(operations: Iterable[Operation]) -> Mapping[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "edgeserve",
            "version": metadata.version("edgeserve"),
            "description": "Cameras, models and detections of one box. Errors are problems "
            "(RFC 9457). Times are milliseconds, boxes are in pixels of the picture.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": SCHEMAS},
    }


def _described(operation: Operation) -> dict[str, Any]:
    good: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.answer:
        schema = dict(operation.schema) if operation.schema is not None else {}
        good["content"] = {operation.answer: {"schema": schema}}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.text,
        "parameters": [parameter.schema() for parameter in operation.parameters],
        "responses": {str(operation.status): good},
    }
    # A parameter that is not known is refused everywhere; who may not is told everywhere.
    for status in sorted({400, 401, 403, *operation.fails}):
        described["responses"][str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {CONTENT_TYPE: {"schema": ref("Problem")}},
        }
    if operation.takes:
        described["requestBody"] = {
            "required": True,
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}} for kind in operation.takes
            },
        }
    return described
