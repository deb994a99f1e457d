from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from edgeserve.app.service_manager import ServiceManager
from edgeserve.app.watchdog import feed_watchdog

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


async def _feedings(tmp_path: Path, life: _Life, looks: int) -> int:
    """How often the watchdog was fed after its first look at the service."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        manager = ServiceManager(
            {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "3000"}
        )
        task = asyncio.create_task(feed_watchdog(manager, life.finished, life.self_test))
        told: list[bytes] = []
        done = life.tests
        for _ in range(10_000):
            await asyncio.sleep(0.002)
            with suppress(BlockingIOError):
                told.append(listener.recv(100))
            done = max(life.tests, len(told) - 1)
            if done >= looks:
                break
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert done >= looks
        assert set(told) == {b"WATCHDOG=1"}
        return len(told) - 1


@pytest.mark.asyncio
async def test_finished_frames_feed_it_without_a_test(tmp_path: Path) -> None:
    life = _Life(busy=True, healthy=False)
    assert await _feedings(tmp_path, life, 3) >= 3
    assert life.tests == 0


@pytest.mark.asyncio
async def test_an_idle_service_is_tested_and_fed(tmp_path: Path) -> None:
    life = _Life(busy=False, healthy=True)
    assert await _feedings(tmp_path, life, 3) >= 2
    assert life.tests >= 3


@pytest.mark.asyncio
async def test_a_stuck_service_is_not_fed(tmp_path: Path) -> None:
    assert await _feedings(tmp_path, _Life(busy=False, healthy=False), 3) == 0


@pytest.mark.asyncio
async def test_without_a_watchdog_nothing_runs() -> None:
    life = _Life(busy=False, healthy=True)
    await feed_watchdog(ServiceManager({}), life.finished, life.self_test)
    assert life.tests == 0
