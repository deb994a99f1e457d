"""A server for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.client.fake_server import FakeServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeServer]:
    """A server that listens and answers every frame."""
    fake = FakeServer()
    await fake.start("127.0.0.1:0")
    yield fake
    await fake.stop()
