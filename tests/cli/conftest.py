"""A server in a thread: commands bring their own event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from tests.client.fake_server import FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A server that listens and answers every frame."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def make() -> FakeServer:
        fake = FakeServer()
        await fake.start("127.0.0.1:0")
        return fake

    fake = asyncio.run_coroutine_threadsafe(make(), loop).result(60)
    yield fake
    asyncio.run_coroutine_threadsafe(fake.stop(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
