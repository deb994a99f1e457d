"""Gives memory back that nobody needs any more, for as long as a server runs."""

from __future__ import annotations

import asyncio

from edgeserve.engines.memory import give_back

_PERIOD_S = 60.0
"""It takes some milliseconds."""


async def stay_thrifty(period_s: float = _PERIOD_S) -> None:
    """Return what clients and cameras have freed since the last time, until cancelled.

    The allocator keeps it, in pages of their own for each size, and a server that has been quiet
    for a night would still hold what the day before took.
    """
    while True:
        await asyncio.sleep(period_s)
        await asyncio.to_thread(give_back)
