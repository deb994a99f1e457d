"""What browsers are told, and what other sites' pages cannot do."""

from __future__ import annotations

import re
from importlib import resources

import aiohttp
import pytest

from tests import fakes
from tests.web.running import serving
from tests.web.test_api import JPEG, PATIENT

STATIC = resources.files("edgeserve.web") / "static"


FROM: tuple[tuple[dict[str, str], int], ...] = (
    ({}, 200),
    ({"Origin": "HERE"}, 200),
    ({"Origin": "http://elsewhere.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind-a-proxy.example"}, 200),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
)


@pytest.mark.asyncio
async def test_posts_and_live_pictures_are_for_our_own_page_only() -> None:
    async with (
        serving() as running,
        aiohttp.ClientSession(running.url, timeout=PATIENT) as session,
    ):
        for headers, status in FROM:
            sent = {name: running.url if it == "HERE" else it for name, it in headers.items()}
            async with session.post(
                "/api/detect", data=fakes.jpeg(), headers={**JPEG, **sent}
            ) as response:
                assert response.status == status, headers
            try:
                async with session.ws_connect("/api/cameras/gate/live", headers=sent) as socket:
                    assert await socket.receive_bytes()
                    live = 200
            except aiohttp.WSServerHandshakeError as error:
                live = error.status
            assert live == status, headers


@pytest.mark.asyncio
async def test_every_answer_carries_the_policies_errors_too() -> None:
    async with (
        serving() as running,
        aiohttp.ClientSession(running.url, timeout=PATIENT) as session,
    ):
        for path in ("/", "/static/main.js", "/static/no", "/api/cameras", "/api/no", "/healthz"):
            async with session.get(path) as response:
                policy = response.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.asyncio
async def test_the_page_is_asked_for_anew_and_sent_only_when_it_changed() -> None:
    async with (
        serving() as running,
        aiohttp.ClientSession(running.url, timeout=PATIENT) as session,
    ):
        async with session.get("/") as response:
            assert response.content_type == "text/html"
            etag = response.headers["ETag"]
        async with session.get("/", headers={"If-None-Match": etag}) as response:
            assert response.status == 304
        for path in ("/static/../page.py", "/static/%2e%2e/page.py", "/static/"):
            async with session.get(path) as response:
                assert response.status == 404


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    index = (STATIC / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:", index)
    for file in STATIC.iterdir():
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|innerHTML|insertAdjacentHTML|\beval\(", text), file.name


def test_every_file_that_the_page_names_is_there_and_every_file_is_named() -> None:
    names = {file.name for file in STATIC.iterdir()}
    texts = {name: (STATIC / name).read_text() for name in names}
    named = set(re.findall(r'"static/([\w.]+)"', texts["index.html"]))
    for text in texts.values():
        named |= set(re.findall(r'from "\./([\w.]+)"', text))
    assert named | {"index.html"} == names
