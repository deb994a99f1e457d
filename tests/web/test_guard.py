"""Who may ask what over HTTP, on a real server with stand-ins for what the parts answer."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from edgeserve.access.gate import Gate
from edgeserve.access.options import AccessOptions
from edgeserve.access.rights import Right
from edgeserve.access.token_file import create_token, revoke_token
from edgeserve.web.guard import create_guard
from edgeserve.web.login import Login
from edgeserve.web.path_rights import rights_for
from edgeserve.web.probes import Probes
from edgeserve.web.server import WebServer
from tests.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from edgeserve.web.part import Part

OK, UNKNOWN, FORBIDDEN, TOO_MANY = 200, 401, 403, 429


class Stand:
    """Answers where the parts do that this test is not about."""

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return (
            web.get("/", self._answer),
            web.get("/api/cameras", self._answer),
            web.delete("/api/cameras/{name}", self._answer),
            web.get("/api/stream", self._stream),
            web.post("/api/detect", self._answer),
            web.get("/v2/models/{name}", self._answer),
            web.post("/v2/models/{name}/infer", self._answer),
            web.post("/v2/repository/index", self._answer),
            web.post("/v2/repository/models/{name}/load", self._answer),
        )

    async def _answer(self, request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text="done")

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(
    options: AccessOptions, *, listen: str = "127.0.0.1:0", only_local: bool = False
) -> AsyncIterator[tuple[Gate, str]]:
    """A server behind a gate, and its address."""
    gate = Gate(options)
    parts: list[Part] = [
        Probes(lambda _: (b"figures", "text/plain"), lambda: True),
        Login(gate),
        Stand(),
    ]
    server = WebServer(
        listen,
        parts,
        middlewares=[create_guard(gate, only_local=only_local)],
        tls=None if gate.tls is None else gate.tls.context(),
    )
    try:
        yield gate, await server.start()
    finally:
        await server.stop()


@pytest.fixture
def tokens(tmp_path: Path) -> dict[str, str]:
    """A token for each right, by the right's name, in the file `tokens`."""
    path = tmp_path / "tokens"
    return {right.value: create_token(path, right.value, frozenset({right})) for right in Right}


@pytest.fixture
def asking(tmp_path: Path, tokens: dict[str, str]) -> AccessOptions:
    """Options of a server that takes these tokens."""
    assert tokens
    return AccessOptions(tokens_file=str(tmp_path / "tokens"))


async def status(address: str, method: str, path: str, **headers: str) -> int:
    """What a request of its own connection is answered with."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://{address}{path}", headers=headers) as answer,
    ):
        return answer.status


ALLOWED = [
    ("GET", "/api/cameras", {"watch"}),
    ("HEAD", "/api/cameras", {"watch"}),
    ("GET", "/metrics", {"watch"}),
    ("DELETE", "/api/cameras/gate", {"admin"}),
    ("POST", "/api/detect", {"infer"}),
    ("GET", "/v2/models/tiny", {"infer", "watch"}),
    ("POST", "/v2/models/tiny/infer", {"infer"}),
    ("POST", "/v2/repository/index", {"infer", "watch"}),
    ("POST", "/v2/repository/models/tiny/load", {"admin"}),
]


@pytest.mark.asyncio
async def test_each_path_opens_to_its_right_and_to_no_other(
    asking: AccessOptions, tokens: dict[str, str]
) -> None:
    async with serving(asking) as (_, address):
        for method, path, allowed in ALLOWED:
            assert await status(address, method, path) == UNKNOWN, path
            wrong = await status(address, method, path, Authorization="Bearer edgeserve_wrong")
            assert wrong == UNKNOWN, path
            for right, token in tokens.items():
                code = await status(address, method, path, Authorization=f"Bearer {token}")
                assert code == (OK if right in allowed else FORBIDDEN), (path, right)


@pytest.mark.asyncio
async def test_probes_and_the_page_s_own_files_are_open(asking: AccessOptions) -> None:
    async with serving(asking) as (_, address):
        for path in ("/healthz", "/readyz", "/", "/api/session"):
            assert await status(address, "GET", path) == OK, path


@pytest.mark.parametrize("part", ["metrics", "page"])
@pytest.mark.asyncio
async def test_a_part_that_is_unprotected_answers_everybody_who_only_reads(
    asking: AccessOptions, part: str
) -> None:
    opened = asking.model_copy(update={"unprotected": (part,)})
    async with serving(opened) as (_, address):
        codes = {path: await status(address, "GET", path) for path in ("/metrics", "/api/cameras")}
        assert await status(address, "DELETE", "/api/cameras/gate") == UNKNOWN
    expected = {"metrics": (OK, UNKNOWN), "page": (UNKNOWN, OK)}[part]
    assert tuple(codes.values()) == expected


@pytest.mark.parametrize(
    "path", ["//api/cameras", "/api%2Fcameras", "/./api/cameras", "/API/cameras", "/api/../metrics"]
)
@pytest.mark.asyncio
async def test_no_other_way_of_writing_a_path_gets_past(asking: AccessOptions, path: str) -> None:
    async with serving(asking) as (_, address):
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert b" 200 " not in answer.partition(b"\r\n")[0]


@pytest.mark.asyncio
async def test_a_browser_logs_in_and_out_and_its_cookie_is_out_of_reach_of_scripts(
    asking: AccessOptions, tokens: dict[str, str]
) -> None:
    jar = aiohttp.CookieJar(unsafe=True)  # it would keep no cookie of an address otherwise
    async with serving(asking) as (_, address), aiohttp.ClientSession(cookie_jar=jar) as browser:
        base = f"http://{address}"
        async with browser.post(f"{base}/api/login", json={"token": "edgeserve_no"}) as answer:
            assert answer.status == UNKNOWN
            assert "edgeserve_no" not in await answer.text()
        async with browser.post(f"{base}/api/login", data=b"\xff{") as answer:
            assert answer.status == 400
        async with browser.get(f"{base}/api/cameras") as answer:
            assert answer.status == UNKNOWN
        async with browser.post(f"{base}/api/login", json={"token": tokens["watch"]}) as answer:
            told = {"asks": True, "name": "token watch", "rights": ["watch"]}
            assert (answer.status, await answer.json()) == (OK, told)
            cookie = answer.headers["Set-Cookie"]
        assert tokens["watch"] not in cookie
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
        assert "Secure" not in cookie, "the browser would not send it back without TLS"
        async with browser.get(f"{base}/api/cameras") as answer:
            assert answer.status == OK
        async with browser.delete(f"{base}/api/cameras/gate") as answer:
            assert answer.status == FORBIDDEN
        async with browser.get(f"{base}/api/session") as answer:
            assert await answer.json() == told
        kept = [f"{one.key}={one.value}" for one in jar]
        async with browser.post(f"{base}/api/logout") as answer:
            assert answer.status == OK
        assert not list(jar)
        assert await status(address, "GET", "/api/cameras", Cookie=kept[0]) == UNKNOWN
        async with browser.get(f"{base}/api/session") as answer:
            assert await answer.json() == {"asks": True, "name": None, "rights": []}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, OK),
        ({"Origin": "http://evil.example"}, FORBIDDEN),
        ({"Origin": "null"}, FORBIDDEN),
        ({"Sec-Fetch-Site": "cross-site"}, FORBIDDEN),
        ({"Sec-Fetch-Site": "same-site"}, FORBIDDEN),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://behind.a.proxy"}, OK),
        ({"Origin": "http://HOST"}, OK),
    ],
)
@pytest.mark.asyncio
async def test_a_page_of_another_site_changes_nothing(headers: dict[str, str], code: int) -> None:
    async with serving(AccessOptions()) as (_, address):
        sent = {name: value.replace("HOST", address) for name, value in headers.items()}
        assert await status(address, "DELETE", "/api/cameras/gate", **sent) == code
        assert await status(address, "GET", "/api/cameras", **sent) == OK


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1:8000", OK),
        ("localhost", OK),
        ("[::1]:8000", OK),
        ("evil.example", FORBIDDEN),
        ("evil.example:8000", FORBIDDEN),
    ],
)
@pytest.mark.asyncio
async def test_a_name_that_was_bent_to_this_machine_sees_nothing(host: str, code: int) -> None:
    async with serving(AccessOptions(), only_local=True) as (_, address):
        assert await status(address, "GET", "/api/cameras", Host=host) == code
    async with serving(AccessOptions()) as (_, address):
        assert await status(address, "GET", "/api/cameras", Host=host) == OK


@pytest.mark.asyncio
async def test_limits_are_told_by_setting_and_when_to_come_back(
    asking: AccessOptions, tokens: dict[str, str]
) -> None:
    limited = asking.model_copy(update={"client_max_fps": 2 / 3600})
    async with serving(limited) as (_, address), aiohttp.ClientSession() as session:
        url, shown = f"http://{address}/api/detect", {"Authorization": f"Bearer {tokens['infer']}"}
        async with session.post(url, data=b"picture", headers=shown) as answer:
            assert answer.status == OK
        async with session.post(url, data=b"picture", headers=shown) as answer:
            assert answer.status == TOO_MANY
            assert "client_max_fps" in (await answer.json())["detail"]
            assert 0 < int(answer.headers["Retry-After"]) <= 1800


@pytest.mark.asyncio
async def test_revoking_a_token_breaks_its_stream_off(
    asking: AccessOptions, tokens: dict[str, str], tmp_path: Path
) -> None:
    shown = {"Authorization": f"Bearer {tokens['watch']}"}
    async with serving(asking) as (gate, address), aiohttp.ClientSession() as session:
        async with session.get(f"http://{address}/api/stream", headers=shown) as answer:
            assert await answer.content.readexactly(3) == b"xxx"
            revoke_token(tmp_path / "tokens", "watch")
            gate.reload()
            with pytest.raises(aiohttp.ClientError):
                await asyncio.wait_for(answer.content.read(), 60)
        assert await status(address, "GET", "/api/cameras", **shown) == UNKNOWN


@pytest.mark.asyncio
async def test_a_unix_socket_is_open_to_whoever_has_it(
    asking: AccessOptions, tmp_path: Path
) -> None:
    path = tmp_path / "http.sock"
    async with serving(asking, listen=f"unix:{path}"):
        connector = aiohttp.UnixConnector(str(path))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.delete("http://localhost/api/cameras/gate") as answer,
        ):
            assert answer.status == OK


# Python 3.10's own TLS transports are never closed as it sees it.
@pytest.mark.filterwarnings("ignore:unclosed transport <asyncio.sslproto:ResourceWarning")
@pytest.mark.asyncio
async def test_https_takes_tokens_and_certificates_on_one_port_and_new_files_while_it_runs(
    asking: AccessOptions, tokens: dict[str, str], tmp_path: Path
) -> None:
    first, second = (Authority.make(tmp_path / name) for name in ("first", "second"))
    certificate, key = first.issue("server")
    camera = first.issue("camera-1")
    late = first.issue("late", days=-1, common_name="camera-2")
    stranger = second.issue("camera-1")
    tls = {
        "tls_cert": str(certificate),
        "tls_key": str(key),
        "tls_client_ca": str(first.ca),
        "certificate_rights": ("cn:camera-*=watch",),
    }
    options = AccessOptions.model_validate(asking.model_dump() | tls)

    async def ask(address: str, ca: Path, held: tuple[Path, Path] | None, token: str = "") -> int:
        context = ssl.create_default_context(cafile=str(ca))
        if held is not None:
            context.load_cert_chain(*held)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"https://{address}/api/cameras", ssl=context) as answer,
        ):
            return answer.status

    async with serving(options) as (gate, address):
        assert await ask(address, first.ca, None) == UNKNOWN
        assert await ask(address, first.ca, None, tokens["watch"]) == OK
        assert await ask(address, first.ca, camera) == OK
        for held in (late, stranger):
            with pytest.raises(aiohttp.ClientError):
                await ask(address, first.ca, held)
        with pytest.raises(aiohttp.ClientError):
            await ask(address, second.ca, None, tokens["watch"])
        async with aiohttp.ClientSession() as browser:
            context = ssl.create_default_context(cafile=str(first.ca))
            login = browser.post(
                f"https://{address}/api/login", json={"token": tokens["watch"]}, ssl=context
            )
            async with login as answer:
                assert "Secure" in answer.headers["Set-Cookie"].split("; ")
        for made, old in zip(second.issue("server"), (certificate, key), strict=True):
            made.replace(old)
        gate.reload()
        assert await ask(address, second.ca, camera) == OK
        with pytest.raises(aiohttp.ClientError):
            await ask(address, first.ca, camera)


def test_a_path_that_nobody_has_thought_about_is_closed_to_all_but_reading() -> None:
    assert rights_for("GET", "/unheard") is None
    assert rights_for("POST", "/unheard") == frozenset({Right.ADMIN})
    assert rights_for("GET", "/apis") is None
    assert rights_for("GET", "/api/unheard") == frozenset({Right.WATCH})
    assert rights_for("PATCH", "/api/unheard") == frozenset({Right.ADMIN})
