"""A real Mosquitto, and a client that hears what it is told."""

from __future__ import annotations

import queue
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.sinks.ports import free_port

if TYPE_CHECKING:
    import ssl
    from pathlib import Path
    from types import TracebackType

    from paho.mqtt.client import MQTTMessage
    from typing_extensions import Self


def program(name: str) -> str:
    """The path of a program of Mosquitto's, or the test is skipped."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"no program {name}: apt-get install mosquitto")
    return path


class Broker:
    """A Mosquitto on a loopback port, killed at the end.

    It forgets all when it is killed; stopped in good order it remembers who listens.
    """

    def __init__(self, folder: Path, *lines: str) -> None:
        """Write its configuration; with `lines` it is not open to all."""
        self._program = program("mosquitto")
        self._config = folder / "mosquitto.conf"
        self._log = folder / "mosquitto.log"
        self._lines = lines or ("allow_anonymous true",)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self) -> None:
        """Listen; on the same port as before, or on a free one."""
        for _ in range(1 if self.port else 10):
            port = self.port or free_port()
            # Root's Mosquitto would become another user, who may not read our files.
            own = (
                f"listener {port} 127.0.0.1",
                "user root",
                "persistence true",
                f"persistence_location {self._config.parent}/",
            )
            self._config.write_text("\n".join((*own, *self._lines)) + "\n")
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [self._program, "-c", str(self._config)], stdout=log, stderr=log
                )
            if self._answers(port):
                self.port = port
                return
        pytest.fail(f"mosquitto does not start: {self._log.read_text()}")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it in good order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self, port: int) -> bool:
        assert self._process is not None
        until = time.monotonic() + 60
        while self._process.poll() is None and time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return True
            time.sleep(0.02)
        return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()


@dataclass(frozen=True)
class Message:
    """What a listener heard."""

    topic: str
    payload: bytes
    retained: bool


class Listener:
    """Subscribed to all topics of a broker, which keeps what it misses; a context manager."""

    def __init__(
        self, port: int, login: tuple[str, str] | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.heard: queue.Queue[Message] = queue.Queue()
        self._subscribed: queue.Queue[None] = queue.Queue()
        self._client = Client(CallbackAPIVersion.VERSION2, uuid4().hex, clean_session=False)
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: self._subscribed.put(None)
        self._client.on_message = self._hear
        if login is not None:
            self._client.username_pw_set(*login)
        if tls is not None:
            self._client.tls_set_context(tls)
        self._client.connect_async("127.0.0.1", port)

    def next(self) -> Message:
        """The next message, in the order in which the broker gave them."""
        return self.heard.get(timeout=60)

    def _subscribe(self, client: Client, *_: object) -> None:
        client.subscribe("#", qos=2)

    def _hear(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self.heard.put(Message(message.topic, bytes(message.payload), message.retain))

    def __enter__(self) -> Self:
        self._client.loop_start()
        self._subscribed.get(timeout=60)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
