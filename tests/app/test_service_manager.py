from __future__ import annotations

import logging
import os
import socket
from typing import TYPE_CHECKING

import pytest

from edgeserve.app.service_manager import ServiceManager

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["path", "abstract"])
def notified(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """NOTIFY_SOCKET's value, and the socket that listens there."""
    name = f"@edgeserve-{os.getpid()}" if request.param == "abstract" else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0", 1) if name[0] == "@" else name)
        listener.settimeout(60)
        yield name, listener


def test_each_state_is_one_datagram(notified: tuple[str, socket.socket]) -> None:
    name, listener = notified
    manager = ServiceManager({"NOTIFY_SOCKET": name})
    manager.ready("1 model")
    manager.status("2 streams")
    manager.alive()
    manager.stopping()
    told = [listener.recv(1000).decode() for _ in range(4)]
    assert told == [
        "READY=1\nSTATUS=1 model",
        "STATUS=2 streams",
        "WATCHDOG=1",
        "STOPPING=1\nSTATUS=draining",
    ]


def test_the_watchdog_is_ours_only_if_it_names_us() -> None:
    assert ServiceManager({"WATCHDOG_USEC": "60000000"}).watchdog_s == 60
    own, other = str(os.getpid()), str(os.getpid() + 1)
    assert ServiceManager({"WATCHDOG_USEC": "5000", "WATCHDOG_PID": own}).watchdog_s == 0.005
    assert ServiceManager({"WATCHDOG_USEC": "5000", "WATCHDOG_PID": other}).watchdog_s == 0
    assert ServiceManager({"WATCHDOG_USEC": "soon"}).watchdog_s == 0
    assert ServiceManager({}).watchdog_s == 0


def test_without_a_manager_nothing_is_said_and_a_dead_one_is_only_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    ServiceManager({}).ready("x")
    assert not caplog.records
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready("x")
    assert "cannot be told READY=1" in caplog.text
