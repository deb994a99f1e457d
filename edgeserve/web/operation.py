"""One entry of the API's table: routes, checks of parameters and the description come from it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from aiohttp import web

from edgeserve.domain.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    Handler = Callable[[web.Request, Mapping[str, Any]], Awaitable[web.StreamResponse]]
    """Takes the request and the values of its parameters."""

EVENT_STREAM = "text/event-stream"
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value in the path or behind the question mark.

    Attributes:
        name: as it is written there.
        text: what it is for.
        kind: of the value.
        place: where it is.
        least: bounds of a number, inclusive.
        most: the same.
        choices: the only values there are.
    """

    name: str
    text: str
    kind: Literal["number", "integer", "string"] = "string"
    place: Literal["query", "path"] = "query"
    least: float | None = None
    most: float | None = None
    choices: tuple[int, ...] = ()

    def read(self, given: str) -> object:
        """The value.

        Raises:
            RequestError: it is none of this kind.
        """
        if self.kind == "string":
            return given
        pattern, convert = (_NUMBER, float) if self.kind == "number" else (_INTEGER, int)
        if not pattern.fullmatch(given):
            raise self._wrong(given)
        value = convert(given)
        least = -math.inf if self.least is None else self.least
        most = math.inf if self.most is None else self.most
        if not least <= value <= most or (self.choices and value not in self.choices):
            raise self._wrong(given)
        return value

    def schema(self) -> dict[str, Any]:
        """In the words of OpenAPI."""
        schema: dict[str, Any] = {"type": self.kind}
        if self.least is not None:
            schema["minimum"] = self.least
        if self.most is not None:
            schema["maximum"] = self.most
        if self.choices:
            schema["enum"] = list(self.choices)
        if self.place == "path":
            schema["minLength"] = 1
        return {
            "name": self.name,
            "in": self.place,
            "description": self.text,
            "required": self.place == "path",
            "schema": schema,
        }

    def _wrong(self, given: str) -> RequestError:
        expected = f"a {self.kind}" if self.kind == "number" else f"an {self.kind}"
        if self.choices:
            expected = " or ".join(map(str, self.choices))
        elif self.least is not None and self.most is not None:
            expected += f" from {self.least:g} to {self.most:g}"
        elif self.least is not None:
            expected += f", {self.least:g} or more"
        text = f"{self.name} is {given[:100]!r}; expected {expected}"
        return RequestError(text)


@dataclass(frozen=True, slots=True)
class Operation:
    """A method on a path.

    Attributes:
        method: of HTTP.
        path: with its parameters in braces.
        name: one word for programs.
        text: one sentence for people.
        handler: what answers.
        answer: content type of a good answer.
        schema: of a good answer in JSON, in OpenAPI's words.
        status: of a good answer.
        parameters: everything that may be said in the path and behind the question mark.
        takes: content types of the body; none means no body.
        fails: other statuses that it may answer with.
    """

    method: Literal["GET", "POST"]
    path: str
    name: str
    text: str
    handler: Handler
    answer: str = "application/json"
    schema: Mapping[str, Any] | None = None
    status: int = 200
    parameters: tuple[Parameter, ...] = ()
    takes: tuple[str, ...] = ()
    fails: tuple[int, ...] = field(default=())

    def route(self) -> web.RouteDef:
        """For the server."""
        if self.method == "GET":
            # Nobody asks for the head of what never ends.
            allow_head = self.answer != EVENT_STREAM
            return web.get(self.path, self._answer, allow_head=allow_head)
        return web.route(self.method, self.path, self._answer)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        return await self.handler(request, self._given(request))

    def _given(self, request: web.Request) -> dict[str, Any]:
        """Values by name.

        Raises:
            RequestError: one is wrong, unknown, or given twice.
        """
        known = {one.name: one for one in self.parameters if one.place == "query"}
        for name in request.query:
            if name not in known:
                names = ", ".join(known) or "none"
                text = f"there is no parameter {name[:100]!r} here; known: {names}"
                raise RequestError(text)
            if len(request.query.getall(name)) > 1:
                text = f"{name} is given more than once"
                raise RequestError(text)
        texts = {**request.query, **request.match_info}
        return {one.name: one.read(texts[one.name]) for one in self.parameters if one.name in texts}


class ApiPart(Protocol):
    """A part of the server that stands in the description of the API."""

    def operations(self) -> Iterable[Operation]:
        """What it answers."""

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """See `Part`."""
