"""Events of all cameras as server-sent events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiohttp import web

from edgeserve.web.operation import EVENT_STREAM, Operation
from edgeserve.web.problems import API
from edgeserve.web.records import encode
from edgeserve.web.schemas import ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgeserve.web.event_log import EventLog
    from edgeserve.web.views import Views

_HEARTBEAT_S = 15.0
_RETRY_MS = 3000
_NUMBER = re.compile(r"\d{1,15}", re.ASCII)


class EventApi:
    """/api/events."""

    def __init__(self, log: EventLog, views: Views) -> None:
        """Send this log to as many as the views have places."""
        self._log = log
        self._views = views

    def operations(self) -> Iterable[Operation]:
        """See `ApiPart`."""
        return (
            Operation(
                "GET",
                f"{API}/events",
                "listenToEvents",
                "Server-sent events: the last ones that are kept, then each that happens. "
                "`Last-Event-ID` goes on where a connection broke.",
                self._listen,
                answer=EVENT_STREAM,
                schema=ref("Event"),
                fails=(429,),
            ),
        )

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """See `Part`."""
        return [operation.route() for operation in self.operations()]

    async def _listen(self, request: web.Request, _given: Mapping[str, Any]) -> web.StreamResponse:
        last = request.headers.get("Last-Event-ID", "")
        number = int(last) if _NUMBER.fullmatch(last) else 0
        with self._views.place():
            response = web.StreamResponse(
                headers={
                    "Content-Type": EVENT_STREAM,
                    "Cache-Control": "no-store",
                    "X-Accel-Buffering": "no",
                }
            )
            await response.prepare(request)
            await response.write(f"retry: {_RETRY_MS}\n\n".encode())
            going_on = True
            while going_on:
                events = self._log.since(number)
                for event in events:
                    number = event["id"]
                    await response.write(f"id: {number}\ndata: {encode(event)}\n\n".encode())
                if not events:
                    going_on = await self._log.changed(_HEARTBEAT_S)
                    if going_on and not self._log.since(number):
                        await response.write(b": still here\n\n")
        return response
