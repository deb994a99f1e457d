"""The line itself: what it does to bytes and to connections."""

from __future__ import annotations

import socket
import struct
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.proxy import Proxy
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


class Echo:
    """Sends back what it hears; counts how its connections end."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.ends: list[str] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(60)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(65536):
                    connection.sendall(data)
                self.ends.append("end")
            except OSError:
                self.ends.append("reset")


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.close()


@pytest.fixture
def line(echo: Echo) -> Iterator[Proxy]:
    with Proxy(echo.address) as made:
        yield made


def connect(line: Proxy) -> socket.socket:
    host, _, port = line.address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=60)


def receive(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(65536)
        assert part, "the connection ended"
        data += part
    return data


def ask(connection: socket.socket, data: bytes) -> float:
    """Send, wait for all of it to come back; the seconds it took."""
    began_s = time.monotonic()
    connection.sendall(data)
    assert receive(connection, len(data)) == data
    return time.monotonic() - began_s


def test_in_fair_weather_bytes_pass_in_both_directions_and_so_does_the_end(
    line: Proxy, echo: Echo
) -> None:
    data = bytes(range(256)) * 8
    with connect(line) as connection:
        ask(connection, data)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    wait_until(lambda: echo.ends == ["end"] and not line.connections)


def test_latency_and_jitter_delay_and_reorder_nothing(line: Proxy) -> None:
    line.weather(latency_s=0.05, jitter_s=0.05)
    with connect(line) as connection:
        assert ask(connection, b"there and back") >= 0.1
        connection.sendall(b"".join(struct.pack("I", number) for number in range(10_000)))
        numbers = receive(connection, 40_000)
        assert struct.unpack("10000I", numbers) == tuple(range(10_000))


def test_bandwidth_is_limited(line: Proxy) -> None:
    line.weather(bytes_per_s=1_000_000)
    with connect(line) as connection:
        assert ask(connection, bytes(200_000)) >= 0.1


def test_a_black_hole_delivers_nothing_until_it_ends(line: Proxy) -> None:
    with connect(line) as connection:
        ask(connection, b"before")
        line.swallow()
        connection.sendall(b"meanwhile")
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(60)
        line.restore()
        assert receive(connection, 9) == b"meanwhile"


def test_a_reset_is_one_on_both_sides(line: Proxy, echo: Echo) -> None:
    with connect(line) as connection:
        ask(connection, b"before")
        line.reset()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    wait_until(lambda: echo.ends == ["reset"])
    with connect(line) as connection:
        ask(connection, b"the next connection is well")


def test_half_open_tells_one_side_only(line: Proxy, echo: Echo) -> None:
    with connect(line) as connection:
        ask(connection, b"before")
        line.vanish_client()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
        assert echo.ends == []
    with connect(line) as connection:
        ask(connection, b"before")
        line.vanish_server()
        # That of the connection whose client vanished, too.
        wait_until(lambda: echo.ends == ["reset", "reset"])
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_who_finds_no_server_is_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with Proxy(address) as line, pytest.raises(ConnectionResetError), connect(line) as connection:
        connection.recv(1)
