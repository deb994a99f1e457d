"""Bodies that come slowly, not at all, or larger than they look."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from edgeserve.access.gate import Gate
from edgeserve.access.options import AccessOptions
from edgeserve.domain.errors import LimitReachedError
from edgeserve.pipeline.options import PipelineOptions
from edgeserve.web.body import Bodies
from edgeserve.web.login import Login
from edgeserve.web.server import WebServer
from tests.web.running import Setting
from tests.web.running import serving as whole_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

MEGA = 1 << 20
PATIENCE_S = 60


class Reading:
    """Reads bodies and says how long they are."""

    def __init__(self, longest_s: float = PATIENCE_S) -> None:
        options = PipelineOptions(max_waiting_bytes=MEGA)
        self._bodies = Bodies(options, longest_s)
        self.begun = asyncio.Event()

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return (web.post("/api/read", self._read),)

    async def _read(self, request: web.Request) -> web.Response:
        self.begun.set()
        try:
            return web.Response(text=str(len(await self._bodies.read(request))))
        except LimitReachedError as error:
            return web.Response(status=429, text=str(error))


@asynccontextmanager
async def serving(part: Reading | Login) -> AsyncIterator[str]:
    server = WebServer("127.0.0.1:0", [part], max_body_bytes=MEGA)
    try:
        yield await server.start()
    finally:
        await server.stop()


async def send(address: str, body: bytes, *headers: str) -> asyncio.StreamReader:
    """Begin a request; the connection stays open for the rest of it."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = ("POST /api/read HTTP/1.1", f"Host: {address}", *headers, "", "")
    writer.write("\r\n".join(lines).encode() + body)
    await writer.drain()
    _OPEN.append(writer)
    return reader


_OPEN: list[asyncio.StreamWriter] = []


async def hang_up() -> None:
    for writer in _OPEN:
        writer.close()
        await writer.wait_closed()
    _OPEN.clear()


@pytest.mark.asyncio
async def test_a_body_that_does_not_come_is_not_waited_for_for_ever() -> None:
    async with serving(Reading(longest_s=0.1)) as address:
        reader = await send(address, b"half", "Content-Length: 8")
        answer = await asyncio.wait_for(reader.readline(), PATIENCE_S)
        await hang_up()
    assert b" 408 " in answer


@pytest.mark.asyncio
async def test_bodies_that_are_read_at_once_share_the_memory_for_frames() -> None:
    part = Reading()
    async with serving(part) as address, aiohttp.ClientSession(f"http://{address}") as session:
        await send(address, b"half", f"Content-Length: {MEGA // 2}")
        await asyncio.wait_for(part.begun.wait(), PATIENCE_S)
        async with session.post("/api/read", data=bytes(MEGA // 2)) as at_limit:
            assert (at_limit.status, await at_limit.text()) == (200, str(MEGA // 2))
        async with session.post("/api/read", data=bytes(MEGA // 2 + 1)) as over:
            assert over.status == 429
            assert "setting max_waiting_bytes" in await over.text()
        await hang_up()


@pytest.mark.asyncio
async def test_a_compressed_body_is_held_to_the_limit_as_it_unpacks() -> None:
    setting = Setting(cameras=(), limits=AccessOptions(max_frame_bytes=MEGA))
    bomb = gzip.compress(bytes(64 * MEGA))
    headers = {"Content-Encoding": "gzip", "Content-Type": "image/png"}
    async with whole_server(setting) as running, aiohttp.ClientSession(running.url) as session:
        assert len(bomb) < MEGA
        for path in ("/api/detect", "/v2/models/fake/infer"):
            async with session.post(path, data=bomb, headers=headers) as answer:
                assert answer.status == 413


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"[" * 4000, b'{"token": ' + b"9" * 4000, b'{"token": "\xff"}', b"[]", b" " * 5000],
    ids=["empty", "text", "deep", "a large number", "no UTF-8", "a list", "long"],
)
async def test_a_log_in_of_anything_is_told_what_is_expected(body: bytes) -> None:
    async with (
        serving(Login(Gate(AccessOptions()))) as address,
        aiohttp.ClientSession(f"http://{address}") as session,
        session.post(
            "/api/login", data=body, headers={"Content-Type": "application/json; charset=nope"}
        ) as answer,
    ):
        assert answer.status == 400
        assert "TOKEN" in await answer.text()


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "%00", "fake%0a", "%e2%80%aefake"])
async def test_names_in_a_path_are_names(name: str) -> None:
    async with (
        whole_server(Setting(cameras=())) as running,
        aiohttp.ClientSession() as session,
    ):
        for path in (f"/v2/models/{name}", f"/api/cameras/{name}", f"/api/models/{name}"):
            url = URL(f"{running.url}{path}", encoded=True)
            async with session.get(url) as answer:
                assert answer.status in {400, 404}
                assert "root:" not in await answer.text()
