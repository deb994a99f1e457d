"""Bodies of requests: read within a time, and within the memory for frames."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from edgeserve.domain.errors import LimitReachedError

if TYPE_CHECKING:
    from edgeserve.pipeline.options import PipelineOptions

_LONGEST_S = 60.0
"""32 MiB at 4.5 Mbit/s. Whoever sends a byte now and then would hold a place for ever."""


class Bodies:
    """Those that are being read now, together."""

    def __init__(self, options: PipelineOptions, longest_s: float = _LONGEST_S) -> None:
        """Begin with none.

        Args:
            options: how many bytes of frames may wait.
            longest_s: for one body.
        """
        self._most_bytes = options.max_waiting_bytes
        self._longest_s = longest_s
        self._reserved_bytes = 0

    async def read(self, request: web.Request) -> bytes:
        """The body of a request.

        Raises:
            LimitReachedError: there is no memory for it beside the others.
            web.HTTPRequestTimeout: it comes too slowly.
            web.HTTPRequestEntityTooLarge: it is over the server's limit.
        """
        size_bytes = request.content_length
        if size_bytes is None or "Content-Encoding" in request.headers:
            size_bytes = request.client_max_size
        if self._reserved_bytes and self._reserved_bytes + size_bytes > self._most_bytes:
            text = (
                f"requests of {self._reserved_bytes} bytes are being read; the limit is "
                f"{self._most_bytes} (setting max_waiting_bytes)"
            )
            raise LimitReachedError(text)
        self._reserved_bytes += size_bytes
        try:
            return await asyncio.wait_for(request.read(), self._longest_s)
        except asyncio.TimeoutError:
            text = f"the body did not come within {self._longest_s:g} s"
            raise web.HTTPRequestTimeout(text=text) from None
        finally:
            self._reserved_bytes -= size_bytes
