"""Memory that comes back while a server runs."""

from __future__ import annotations

import asyncio
import gc
import weakref

from edgeserve.app.thrift import stay_thrifty


class Circle:
    """Knows itself."""

    def __init__(self) -> None:
        self.again = self


async def _live_until_gone(left: weakref.ref[Circle]) -> None:
    thrift = asyncio.create_task(stay_thrifty(0.01))
    while left() is not None:  # noqa: ASYNC110 - a reference that dies sets no event
        await asyncio.sleep(0.01)
    thrift.cancel()


def test_what_nobody_needs_is_given_back_while_the_server_runs() -> None:
    gc.disable()
    try:
        asyncio.run(asyncio.wait_for(_live_until_gone(weakref.ref(Circle())), 60))
    finally:
        gc.enable()
