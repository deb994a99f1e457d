"""Two servers behind nginx's gRPC proxy, by the configuration that ships."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeserve.cameras.open import open_source
from edgeserve.client import DetectionClient, Policy, StreamOptions
from edgeserve.domain.errors import EdgeserveError
from edgeserve.domain.result import Status
from tests.sinks.ports import free_port
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.conftest import ServerProcess, Start

CONFIG = Path(__file__).parents[2] / "deploy" / "nginx" / "edgeserve.conf"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
_CLIENTS = 4

pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx here (Debian: nginx-light)")


@contextmanager
def nginx(folder: Path, servers: list[ServerProcess]) -> Iterator[str]:
    """The proxy in front of two servers; the address of it."""
    address = f"127.0.0.1:{free_port()}"
    text = CONFIG.read_text(encoding="utf-8").replace("127.0.0.1:8080", address)
    for server, shipped in zip(servers, ("127.0.0.1:8001", "127.0.0.1:8011"), strict=True):
        assert shipped in text
        text = text.replace(shipped, server.address)
    user = "user root;" if os.geteuid() == 0 else ""
    paths = "".join(
        f"{kind}_temp_path {folder / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"{user}\ndaemon off;\npid {folder / 'pid'};\nerror_log {folder / 'error.log'};\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{paths}{text}\n}}\n",
        encoding="utf-8",
    )
    process = subprocess.Popen([str(NGINX), "-p", str(folder), "-c", str(config)])
    try:
        wait_until(lambda: _answers(address), "nginx to pass a call on")
        yield address
    finally:
        process.terminate()
        process.wait(60)


def _answers(address: str) -> bool:
    with DetectionClient(address, timeout=5) as client:
        try:
            return bool(client.list_models())
        except EdgeserveError:
            return False


class Client:
    """Streams the sample over and over until it is told to stop."""

    def __init__(self, address: str, stop: threading.Event) -> None:
        """Begin."""
        self._address = address
        self._stop = stop
        self.sent = 0
        self.answered: list[tuple[int, Status]] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def join(self) -> None:
        """Wait for the results of all that was sent."""
        self._thread.join(100)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with DetectionClient(self._address) as client:
            for result in client.stream(self._pictures(), StreamOptions(policy=Policy.BLOCK)):
                self.answered.append((result.frame_id, result.status))

    def _pictures(self) -> Iterator[bytes]:
        with open_source("sample", limit=40) as source:
            frames = list(source)
        while not self._stop.is_set():
            self.sent += 1
            yield bytes(frames[self.sent % len(frames)].data)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_rolling_restart_loses_and_doubles_nothing(serve: Start, tmp_path: Path) -> None:
    servers = [serve("--drain-delay", "0.1") for _ in range(2)]
    stop = threading.Event()
    with nginx(tmp_path, servers) as address:
        clients = [Client(address, stop) for _ in range(_CLIENTS)]
        try:
            _wait_for_progress(clients)
            assert all(_streams(server) > 0 for server in servers), "not spread over both"
            for server in servers:
                assert server.terminate() == 0
                _wait_for_progress(clients)  # on the other one
                serve("--drain-delay", "0.1", listen=server.address)
                _wait_for_progress(clients)
        finally:
            stop.set()
            for client in clients:
                client.join()
    for client in clients:
        assert client.answered == [(number, Status.OK) for number in range(client.sent)]


def _streams(server: ServerProcess) -> float:
    with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("edgeserve_streams "))


def _wait_for_progress(clients: list[Client]) -> None:
    before = [len(client.answered) for client in clients]
    wait_until(
        lambda: all(
            len(client.answered) >= count + 10
            for client, count in zip(clients, before, strict=True)
        ),
        "every client to get ten more results",
    )
