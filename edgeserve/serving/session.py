"""One StreamDetect call: reads frames as far as the policy lets it, writes results in order."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, cast

import grpc

from edgeserve.access.gate import current_meter
from edgeserve.domain.errors import FrameError, RateLimitedError, RequestError
from edgeserve.domain.request import Policy
from edgeserve.domain.result import DropReason
from edgeserve.serving.charging import charge, charge_ahead
from edgeserve.serving.writing import write_in_time
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire.codec.frame import frame_from_proto
from edgeserve.wire.codec.options import stream_options_from_proto
from edgeserve.wire.codec.result import result_to_proto

if TYPE_CHECKING:
    from collections.abc import Callable

    from grpc import aio

    from edgeserve.access.limits import Limits
    from edgeserve.domain.request import StreamOptions
    from edgeserve.pipeline.admission import FrameStream

    Context = aio.ServicerContext[pb.StreamDetectRequest, pb.StreamDetectResponse]
    OpenStream = Callable[[StreamOptions, Callable[[], None]], FrameStream]

_FIRST_MESSAGE_S = 30
"""A call that says nothing holds a place that another could have."""

_LONGEST_REFUSAL_S = 1.0
"""A client that ends its stream meanwhile is heard after so long at the latest."""

LAST_FRAME_ID = "last-frame-id"
"""Trailer of a drained stream: the id of the last frame that the server read."""


class StreamSession:
    """The two sides of a call: a task that reads, and the caller's task that writes."""

    def __init__(self, context: Context, limits: Limits, write_timeout_s: float) -> None:
        """Prepare a session on a call."""
        self._context = context
        self._limits = limits
        self._write_timeout_s = write_timeout_s
        self._meter = current_meter()
        self._slowed = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        # Set whenever the other side may have something to do: a result, a free place, the end.
        self._results = asyncio.Event()
        self._room = asyncio.Event()
        self._last_frame_id: int | None = None
        self._draining = False
        self._reader: asyncio.Task[object] | None = None
        self._stream: FrameStream | None = None

    async def run(self, open_stream: OpenStream) -> None:
        """Serve the call to its end.

        Raises:
            EdgeserveError: the stream cannot be opened as asked.
        """
        first = await self._first()
        if first is None:
            return
        options = stream_options_from_proto(_config(first))
        self._slowed = options.policy is Policy.BLOCK
        stream = open_stream(options, self._notify)
        self._stream = stream
        reader = asyncio.create_task(self._read(stream))
        # Also of a task that is cancelled before its first step, which runs none of its own code.
        reader.add_done_callback(lambda _: self._results.set())
        if self._draining:
            reader.cancel()
        self._reader = cast("asyncio.Task[object]", reader)
        try:
            await self._write(stream, reader)
        finally:
            reader.cancel()
            stream.close()
        if self._draining:
            await self._end_drained()

    def drain(self) -> None:
        """Read no further; end the call when all that was read is answered."""
        self._draining = True
        if self._reader is not None:
            self._reader.cancel()
        self._results.set()

    async def _first(self) -> pb.StreamDetectRequest | None:
        """The first message; None if the client ended the call without one."""
        reading = asyncio.create_task(self._next())
        self._reader = cast("asyncio.Task[object]", reading)
        try:
            done, _ = await asyncio.wait({reading}, timeout=_FIRST_MESSAGE_S)
        finally:
            # `wait` leaves it running, also when this call itself is cancelled.
            reading.cancel()
        if not done:
            text = f"the first message of a stream must come within {_FIRST_MESSAGE_S} s"
            raise RequestError(text)
        if reading.cancelled() and self._draining:
            await self._end_drained()
        return reading.result()

    async def _next(self) -> pb.StreamDetectRequest | None:
        message: object = await self._context.read()
        return message if isinstance(message, pb.StreamDetectRequest) else None

    async def _end_drained(self) -> None:
        last = self._last_frame_id
        trailer = () if last is None else ((LAST_FRAME_ID, str(last)),)
        text = "the server is shutting down; every frame that it read was answered"
        await self._context.abort(grpc.StatusCode.UNAVAILABLE, text, trailer)

    def shed(self) -> None:
        """Answer what still waits as dropped."""
        if self._stream is not None:
            self._stream.shed(DropReason.SHUTDOWN)

    def _notify(self) -> None:
        # What is dropped is answered in the loop's own thread, which needs no waking for it.
        if threading.get_ident() == self._thread:
            self._results.set()
        else:
            self._loop.call_soon_threadsafe(self._results.set)

    async def _read(self, stream: FrameStream) -> None:
        while True:
            while stream.full:
                self._room.clear()
                await self._room.wait()
            message = await self._next()
            if message is None:
                return
            pause_s = self._accept(stream, message)
            if pause_s:
                await asyncio.sleep(pause_s)

    def _accept(self, stream: FrameStream, message: pb.StreamDetectRequest) -> float:
        """Take a frame, or answer it with an error; return the seconds to read no further."""
        arrival_ns = time.monotonic_ns()
        if message.WhichOneof("message") != "frame":
            text = "only the first message of a stream configures it; expected a frame"
            raise RequestError(text)
        self._last_frame_id = message.frame.frame_id
        pause_s = 0.0
        try:
            if self._meter is not None:
                if self._slowed:
                    pause_s = charge_ahead(self._meter, message.frame.image)
                else:
                    charge(self._meter, message.frame.image)
            frame = frame_from_proto(message.frame, arrival_ns)
            self._limits.check_frame_bytes(len(frame.data))
        except FrameError as error:
            stream.reject(message.frame.frame_id, arrival_ns, error)
            # Refusals are paced as well: a flood of them would be a burden on the others.
            if isinstance(error, RateLimitedError):
                return min(error.wait_s, _LONGEST_REFUSAL_S)
            return pause_s
        stream.submit(frame)
        return pause_s

    async def _write(self, stream: FrameStream, reader: asyncio.Task[None]) -> None:
        while True:
            # Cleared before the look, so that a result that comes meanwhile is not slept over.
            self._results.clear()
            for result in stream.take():
                await write_in_time(
                    self._context,
                    pb.StreamDetectResponse(result=result_to_proto(result)),
                    self._write_timeout_s,
                    stream.stalled,
                )
                stream.answered()
                self._room.set()
            if reader.done() and stream.idle:
                break
            if not self._results.is_set():
                await self._results.wait()
        if not reader.cancelled():
            reader.result()


def _config(message: pb.StreamDetectRequest) -> pb.StreamConfig:
    if message.WhichOneof("message") != "config":
        text = "the first message of a stream must configure it (field config)"
        raise RequestError(text)
    return message.config
