"""A line between client and server that a test makes slow, silent, or cuts.

It copies bytes and knows no protocol. Like TCP over a bad network it loses no byte of a connection
that lives: what is held back arrives later, in order.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    T = TypeVar("T")

_CHUNK_BYTES = 16_384
_CHUNKS_ON_THE_WAY = 64
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: close by RST, at once."""


@dataclass
class Weather:
    """How the line is, in both directions.

    Attributes:
        latency_s: of each byte, one way.
        jitter_s: at most so much more, by chance.
        bytes_per_s: in each direction of a connection; 0 for no limit.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float = 0.0


@dataclass(eq=False)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    copying: list[asyncio.Task[None]] = field(default_factory=list)


class Proxy:
    """Listens on a loopback port, from its making until the context ends; use it from any thread.

    Attributes:
        address: where clients connect.
    """

    def __init__(self, target: str, seed: int = 0) -> None:
        """Pass connections on to `target`, HOST:PORT; `seed` decides the jitter."""
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._chance = random.Random(seed)
        self._weather = Weather()
        self._connections: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._thread.start()
        self._passing: asyncio.Event = self._do(asyncio.Event)
        self._do(self._passing.set)
        listening = asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result()
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def connections(self) -> int:
        """How many are open."""
        return self._do(lambda: len(self._connections))

    def weather(self, **how: float) -> None:
        """See `Weather`; what is not named is fair."""
        self._do(lambda: setattr(self, "_weather", Weather(**how)))

    def swallow(self) -> None:
        """A black hole: nothing passes, nothing is closed; who connects is heard by nobody."""
        self._do(self._passing.clear)

    def restore(self) -> None:
        """A black hole ends: what was held back arrives."""
        self._do(self._passing.set)

    def reset(self) -> None:
        """Cut all connections, by RST on both sides."""
        self._do(lambda: [self._cut(one, one.client, one.server) for one in self._connections])

    def vanish_client(self) -> None:
        """Half-open: clients are cut off, and the server is not told."""
        self._do(lambda: [self._cut(one, one.client) for one in self._connections])

    def vanish_server(self) -> None:
        """Half-open: the server is cut off, and clients are not told."""
        self._do(lambda: [self._cut(one, one.server) for one in self._connections])

    def close(self) -> None:
        """Cut all, and listen no more."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _do(self, action: Callable[[], T]) -> T:
        """Call it in the loop, which owns all state."""

        async def call() -> T:
            return action()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result()

    async def _accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            from_server, server = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(client)
            return
        connection = _Connection(client, server)
        self._connections.add(connection)
        connection.copying = [
            asyncio.create_task(self._copy(reader, server)),
            asyncio.create_task(self._copy(from_server, client)),
        ]
        await asyncio.wait(connection.copying)
        # Cut off by us, the other side may be meant to stay open.
        if not any(task.cancelled() for task in connection.copying):
            self._connections.discard(connection)
            for writer in (client, server):
                writer.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what comes, each chunk at its time, and then the end."""
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_ON_THE_WAY)
        receiving = asyncio.create_task(self._receive(reader, on_the_way))
        try:
            while True:
                due_s, data = await on_the_way.get()
                await asyncio.sleep(due_s - self._loop.time())
                await self._passing.wait()
                if not data:
                    writer.write_eof()
                    return
                writer.write(data)
                await writer.drain()
                if self._weather.bytes_per_s:
                    await asyncio.sleep(len(data) / self._weather.bytes_per_s)
        except OSError:  # that side is gone; so the other one ends, too
            return
        finally:
            receiving.cancel()

    async def _receive(
        self, reader: asyncio.StreamReader, on_the_way: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        due_s = 0.0
        data = b"first"
        while data:
            try:
                data = await reader.read(_CHUNK_BYTES)
            except OSError:
                data = b""
            late_s = self._weather.latency_s + self._chance.uniform(0, self._weather.jitter_s)
            due_s = max(due_s, self._loop.time() + late_s)
            await on_the_way.put((due_s, data))

    @staticmethod
    def _cut(connection: _Connection, *sides: asyncio.StreamWriter) -> None:
        for task in connection.copying:
            task.cancel()
        for side in sides:
            _reset(side)

    async def _end(self) -> None:
        self._server.close()
        open_ = list(self._connections)
        for one in open_:
            self._cut(one, one.client, one.server)
        await asyncio.sleep(0)
        if copying := [task for one in open_ for task in one.copying]:
            await asyncio.wait(copying)
        await self._server.wait_closed()
        # Transports close in the next turn of the loop.
        await asyncio.sleep(0)


def _reset(writer: asyncio.StreamWriter) -> None:
    transport_socket = writer.get_extra_info("socket")
    if not writer.transport.is_closing():
        transport_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
