"""A camera live: pictures with what was found in them, over a WebSocket.

A message is four bytes (big endian) with the length of the JSON text that follows, that text, and
a JPEG. The viewer answers each with any message; so none has more than a few on its way, and one
that is slow gets the newest, not those that it missed.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, web

from edgeserve.web.camera_api import NAME
from edgeserve.web.operation import Operation
from edgeserve.web.problems import API, problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgeserve.web.view import View
    from edgeserve.web.views import Views

_AHEAD = 2
"""Messages that a viewer may not have answered: one is shown while the next is on its way."""
_PATIENCE_S = 5.0
_HEARTBEAT_S = 20.0
_LONGEST_ANSWER_BYTES = 1024


class LiveApi:
    """/api/cameras/{name}/live."""

    def __init__(self, views: Views) -> None:
        """Show what these views show."""
        self._views = views

    def operations(self) -> Iterable[Operation]:
        """See `ApiPart`."""
        return (
            Operation(
                "GET",
                f"{API}/cameras/{{name}}/live",
                "watchCamera",
                "A WebSocket. Each message: four bytes (big endian) that hold the length of a JSON "
                "text, that text (a Result with frame_number, time, age_ms and status), and a "
                "JPEG. Answer each message with any text to get the next.",
                self._live,
                answer="",
                status=HTTPStatus.SWITCHING_PROTOCOLS,
                parameters=(NAME,),
                fails=(404, 426, 429),
            ),
        )

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """See `Part`."""
        return [operation.route() for operation in self.operations()]

    async def _live(self, request: web.Request, given: Mapping[str, Any]) -> web.StreamResponse:
        # Compression would cost a core, and JPEGs do not get smaller.
        socket = web.WebSocketResponse(
            heartbeat=_HEARTBEAT_S, max_msg_size=_LONGEST_ANSWER_BYTES, compress=False
        )
        name = given["name"]
        with self._views.place(), self._views.look(name) as view:
            if not socket.can_prepare(request):
                text = "this is a WebSocket; snapshot.jpg gives a single picture"
                response = problem(HTTPStatus.UPGRADE_REQUIRED, text)
                response.headers["Upgrade"] = "websocket"
                return response
            await socket.prepare(request)
            answered = asyncio.Semaphore(_AHEAD)
            showing = asyncio.create_task(self._show(socket, view, name, answered))
            try:
                async for _ in socket:
                    answered.release()
            finally:
                showing.cancel()
                with suppress(asyncio.CancelledError, ConnectionError):
                    await showing
        return socket

    async def _show(
        self,
        socket: web.WebSocketResponse,
        view: View,
        name: str,
        answered: asyncio.Semaphore,
    ) -> None:
        number, sent_s = 0, 0.0
        while not self._views.closed:
            await answered.acquire()
            pause_s = sent_s + self._views.pause_s - time.monotonic()
            if pause_s > 0:
                await asyncio.sleep(pause_s)
            message = b""
            while not message and not self._views.closed:
                number, message = await view.next(number, _PATIENCE_S)
                if not message and not self._views.has(name):
                    await socket.close(code=WSCloseCode.GOING_AWAY, message=b"camera removed")
                    return
            if message:
                sent_s = time.monotonic()
                await socket.send_bytes(message)
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"server stops")
