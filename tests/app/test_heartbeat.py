from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from edgeserve.app.heartbeat import feed_watchdog
from edgeserve.app.service_manager import ServiceManager

if TYPE_CHECKING:
    from pathlib import Path


class _Life:
    """A service whose frames finish, or not."""

    def __init__(self, *, busy: bool, healthy: bool) -> None:
        self.busy, self.healthy = busy, healthy
        self.count = 0
        self.tests = 0

    def finished(self) -> int:
        self.count += self.busy
        return self.count

    async def self_test(self) -> bool:
        self.tests += 1
        return self.healthy


async def _feedings(tmp_path: Path, life: _Life, *, tests: int = 0, feedings: int = 0) -> int:
    """How often the watchdog was fed beyond the first time, by when so much has happened."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as listener:
        listener.bind(str(tmp_path / "notify"))
        manager = ServiceManager(
            {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "3000"}
        )
        task = asyncio.create_task(feed_watchdog(manager, life.finished, life.self_test))
        fed = -1
        while life.tests < tests or fed < feedings:
            await asyncio.sleep(0.001)
            with suppress(BlockingIOError):
                while listener.recv(100) == b"WATCHDOG=1":
                    fed += 1
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return fed


@pytest.mark.asyncio
async def test_finished_frames_feed_it_without_a_test(tmp_path: Path) -> None:
    life = _Life(busy=True, healthy=False)
    assert await _feedings(tmp_path, life, feedings=3) >= 3
    assert life.tests == 0


@pytest.mark.asyncio
async def test_an_idle_service_is_tested_and_fed(tmp_path: Path) -> None:
    life = _Life(busy=False, healthy=True)
    assert await _feedings(tmp_path, life, feedings=3) >= 3
    assert life.tests >= 3


@pytest.mark.asyncio
async def test_a_stuck_service_is_not_fed(tmp_path: Path) -> None:
    assert await _feedings(tmp_path, _Life(busy=False, healthy=False), tests=3) == 0


@pytest.mark.asyncio
async def test_without_a_watchdog_nothing_runs() -> None:
    life = _Life(busy=False, healthy=True)
    await feed_watchdog(ServiceManager({}), life.finished, life.self_test)
    assert life.tests == 0
