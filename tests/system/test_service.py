"""The server under a service manager: what its notify socket hears."""

from __future__ import annotations

import signal
import socket
import threading
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from edgeserve.client import DetectionClient, Policy, StreamOptions
from edgeserve.domain.errors import EdgeserveError
from edgeserve.domain.frame import EncodedFrame, Encoding
from tests.plugin import edgeserve_example as example

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.conftest import Start

WATCHDOG_USEC = "1500000"
PATIENCE_S = 60
QUIET_S = 6
"""Four times what the watchdog allows."""


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """The socket of a service manager, and its path."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(PATIENCE_S)
        yield str(tmp_path / "notify"), listener


def _until(listener: socket.socket, word: str) -> str:
    """The next datagram that begins with a word."""
    while not (told := listener.recv(1000).decode()).startswith(word):
        pass
    return told


def test_an_idle_server_is_ready_alive_and_stops(
    serve: Start, manager: tuple[str, socket.socket]
) -> None:
    path, listener = manager
    server = serve(NOTIFY_SOCKET=path, WATCHDOG_USEC=WATCHDOG_USEC)
    assert listener.recv(1000).decode() == "STATUS=loading models"
    assert _until(listener, "READY=1") == "READY=1\nSTATUS=1 of 1 models ready"
    for _ in range(3):
        _until(listener, "WATCHDOG=1")
    with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    assert "edgeserve_results_total{" not in text, "frames of our own are nobody's results"
    server.process.terminate()
    _until(listener, "STOPPING=1")
    assert server.process.wait(PATIENCE_S) == 0


def test_a_reload_is_told_and_a_wrong_file_named_with_its_line(
    serve: Start, manager: tuple[str, socket.socket], tmp_path: Path
) -> None:
    path, listener = manager
    config = tmp_path / "edgeserve.toml"
    config.write_text('[telemetry]\nlog_level = "info"\n')
    server = serve("--config", str(config), NOTIFY_SOCKET=path)
    _until(listener, "READY=1")
    config.write_text('[telemetry]\nlog_level = "loud"\n')
    server.process.send_signal(signal.SIGHUP)
    _until(listener, "RELOADING=1\nMONOTONIC_USEC=")
    told = _until(listener, "READY=1\nSTATUS=1 of 1 models ready")
    assert f"the old configuration stays in force: {config}:2: telemetry.log_level" in told
    config.write_text('[[camera]]\nname = "gate"\nurl = "sample"\n')
    server.process.send_signal(signal.SIGHUP)
    assert _until(listener, "READY=1") == "READY=1\nSTATUS=1 of 1 models ready"
    with DetectionClient(server.address, timeout=PATIENCE_S) as client:
        assert [camera.name for camera in client.list_cameras()] == ["gate"]
    assert server.terminate() == 0


def test_a_server_whose_inferences_all_hang_is_not_alive(
    serve: Start, manager: tuple[str, socket.socket], site: Path, example_models: Path
) -> None:
    path, listener = manager
    server = serve(
        *("--provider", "example:SIM", "--model", "simulated", "--inference-timeout", "0"),
        *("--models-dir", str(example_models)),
        PYTHONPATH=str(site),
        NOTIFY_SOCKET=path,
        WATCHDOG_USEC=WATCHDOG_USEC,
    )
    _until(listener, "WATCHDOG=1")
    side = example.SIDE_PX
    grey = bytes([example.HANGS_FOR_EVER]) * side * side
    frames = [EncodedFrame(number, grey, Encoding.GRAY, side, side) for number in range(64)]

    def send() -> None:
        with DetectionClient(server.address) as client, suppress(EdgeserveError):
            list(client.stream(frames, StreamOptions(policy=Policy.BLOCK)))

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    listener.settimeout(QUIET_S)
    with pytest.raises(TimeoutError):
        _until(listener, "never said: only silence ends it")
    server.process.kill()
    server.process.wait(PATIENCE_S)
    sender.join(PATIENCE_S)
