"""A stream of pictures that outlives its connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from grpc import aio

from edgeserve.client.backlog import Backlog
from edgeserve.client.blocking import Unblocked
from edgeserve.client.call import run_call, stream_method
from edgeserve.client.credentials import NOBODY, Credentials
from edgeserve.client.errors import error_of
from edgeserve.client.picture import to_frame
from edgeserve.domain.backoff import Backoff
from edgeserve.domain.errors import TransportError
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire.codec.frame import frame_to_proto
from edgeserve.wire.codec.options import stream_options_to_proto

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgeserve.client.picture import Picture
    from edgeserve.domain.request import StreamOptions
    from edgeserve.domain.result import FrameResult


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a stream goes, and how patient it is.

    Attributes:
        channel: to the server.
        address: its name, for errors.
        reconnect_timeout_s: how long a broken stream tries to come back; 0 means not at all.
        max_unanswered: frames that may wait for their results.
        credentials: what each call shows.
    """

    channel: aio.Channel
    address: str
    reconnect_timeout_s: float
    max_unanswered: int
    credentials: Credentials = NOBODY


class ResultStream:
    """Results in the order of their pictures, each exactly once.

    Two tasks run from the first `next` on: one reads pictures into the backlog, the other keeps
    a call going that sends the backlog and receives results. When the server drains, it answers
    every frame that it read before it ends the call, and results that it sent are received before
    the call's status: what is unanswered then is what it did not read (its trailer
    `last-frame-id` says the same). When a connection breaks, unanswered frames may have been
    processed, but their results are lost. Either way the unanswered ones go first on the next
    call.
    """

    def __init__(
        self,
        connection: Connection,
        pictures: AsyncIterable[Picture] | Iterable[Picture],
        options: StreamOptions,
    ) -> None:
        """Prepare a stream; nothing is sent yet."""
        self._connection = connection
        self._pictures = pictures
        request = pb.StreamDetectRequest(config=stream_options_to_proto(options))
        self._config = request.SerializeToString()
        self._backlog = Backlog(connection.max_unanswered)
        # Ends with an exception, or with None.
        self._results: asyncio.Queue[FrameResult | BaseException | None] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._ended = False

    async def next(self) -> FrameResult | None:
        """The next result; None after the last.

        Raises:
            EdgeserveError: the stream failed; it is over.
        """
        if self._ended:
            return None
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._feed()), asyncio.create_task(self._connect())]
        item = await self._results.get()
        if item is None or isinstance(item, BaseException):
            await self.close()
            if item is not None:
                raise item
            return None
        self._backlog.give_place()
        return item

    async def close(self) -> None:
        """End the stream at once; frames without results are given up."""
        self._ended = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _feed(self) -> None:
        """Read pictures into the backlog."""
        blocking = None
        if isinstance(self._pictures, AsyncIterable):
            pictures = aiter(self._pictures)
        else:
            pictures = blocking = Unblocked(self._pictures)
        number = 0
        try:
            while True:
                await self._backlog.take_place()
                frame = to_frame(await anext(pictures), number)
                request = pb.StreamDetectRequest(frame=frame_to_proto(frame))
                self._backlog.add(frame.frame_id, request.SerializeToString())
                number += 1
        except StopAsyncIteration:
            self._backlog.complete()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is for the caller
            self._results.put_nowait(error)
        finally:
            if blocking is not None:
                await blocking.close()

    async def _connect(self) -> None:
        """Keep a call going until everything is answered."""
        end: BaseException | None = None
        try:
            await self._calls()
        except asyncio.CancelledError:
            text = "the client was closed while a stream was open"
            end = TransportError(text)
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is for the caller
            end = error
        finally:
            self._results.put_nowait(end)

    async def _calls(self) -> None:
        backlog = self._backlog
        method = stream_method(self._connection.channel)
        clock = asyncio.get_running_loop().time
        backoff = Backoff()
        broken_since_s = None
        while True:
            answered = backlog.answered
            try:
                await run_call(
                    method,
                    self._config,
                    backlog,
                    self._results.put_nowait,
                    self._connection.credentials.metadata(),
                )
            except aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise error_of(error, self._connection.address) from error
                failure = error
            else:
                return
            idle = backlog.empty
            if idle:
                # Nothing to send again: the next connection can wait for a frame.
                await backlog.message_when_added(backlog.answered)
                if backlog.done:
                    return
            if broken_since_s is None or idle or backlog.answered > answered:
                broken_since_s = clock()
                backoff.reset()
            left_s = broken_since_s + self._connection.reconnect_timeout_s - clock()
            await self._reconnect(failure, backoff, left_s)

    async def _reconnect(self, failure: aio.AioRpcError, backoff: Backoff, left_s: float) -> None:
        """Wait before the next call; a server that cannot be reached is waited for."""
        wait_s = backoff.wait_s()
        if wait_s < left_s:
            await asyncio.sleep(wait_s)
            if await self._reached(left_s - wait_s):
                return
        raise error_of(failure, self._connection.address) from failure

    async def _reached(self, timeout_s: float) -> bool:
        try:
            await asyncio.wait_for(self._connection.channel.channel_ready(), timeout_s)
        except asyncio.TimeoutError:
            return False
        return True
