"""Tells the service manager that frames still come through.

Any finished frame is a sign of life. Where none came since the last look, the frames of all
streams may be stuck, or there are none: a frame of our own is sent through every device, and only
if each comes back the watchdog is fed. So a hung inference ends the service, and a saturated or an
idle one does not.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from edgeserve.app.service_manager import ServiceManager

_FEEDINGS = 3
"""Within the time that the manager allows."""


async def feed_watchdog(
    manager: ServiceManager,
    finished: Callable[[], int],
    self_test: Callable[[], Awaitable[bool]],
) -> None:
    """Feed the watchdog until cancelled; return at once if there is none.

    Args:
        manager: to tell.
        finished: how many frames have been finished so far.
        self_test: sends a frame through each device; whether all came back.
    """
    if not manager.watchdog_s:
        return
    pause_s = manager.watchdog_s / _FEEDINGS
    seen = finished()
    manager.alive()
    while True:
        await asyncio.sleep(pause_s)
        if finished() != seen or await self_test():
            manager.alive()
        seen = finished()
