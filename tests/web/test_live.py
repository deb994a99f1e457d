"""Live pictures and events: who looks, who is slow, who goes away."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from edgeserve.domain.frame import ColorOrder, EncodedFrame
from edgeserve.drawing.preview import preview_jpeg
from edgeserve.preprocess.decode import decode
from tests.web.running import Setting, serving
from tests.web.test_api import PATIENT, check_schema, problem

if TYPE_CHECKING:
    from edgeserve.domain.camera import CameraResult
    from tests.web.running import Running

    Socket = aiohttp.ClientWebSocketResponse

pytestmark = pytest.mark.asyncio
FAST: dict[str, Any] = {"live_fps": 60, "live_total_fps": 10_000}


async def frame(socket: Socket) -> tuple[dict[str, Any], bytes]:
    """The next frame, unanswered: what was found in it, and its JPEG."""
    data = await asyncio.wait_for(socket.receive_bytes(), 60)
    length = int.from_bytes(data[:4], "big")
    return json.loads(data[4 : 4 + length]), data[4 + length :]


async def until_nobody_looks(running: Running) -> None:
    while running.cameras._broadcaster.wants_pictures("gate"):  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.01)


async def test_pictures_come_with_what_was_found_in_them() -> None:
    async with (
        serving(Setting(web={**FAST, "live_width": 160})) as running,
        aiohttp.ClientSession(running.url, timeout=PATIENT) as session,
        session.ws_connect("/api/cameras/gate/live") as socket,
    ):
        first, jpeg = await frame(socket)
        await socket.send_str("shown")
        second, _ = await frame(socket)
        await check_schema(session, "Result", first)
    assert first["camera"] == "gate"
    assert second["frame_number"] > first["frame_number"]
    assert second["time_unix_ms"] > first["time_unix_ms"]
    assert first["detections"][0]["label"] == "car"
    picture = decode(EncodedFrame(0, jpeg), ColorOrder.BGR, 100_000)
    assert (picture.width_px, picture.height_px) == (first["width_px"], first["height_px"])


async def test_wide_pictures_are_made_smaller_and_boxes_are_not() -> None:
    cameras = [{"name": "gate", "url": "pattern:640x480@50"}]
    async with (
        serving(Setting(cameras=cameras, web={**FAST, "live_width": 320})) as running,
        aiohttp.ClientSession(running.url) as session,
        session.ws_connect("/api/cameras/gate/live") as socket,
    ):
        told, jpeg = await frame(socket)
    picture = decode(EncodedFrame(0, jpeg), ColorOrder.BGR, 100_000)
    assert (picture.width_px, picture.height_px) == (320, 240)
    assert (told["width_px"], told["height_px"]) == (640, 480)


async def test_a_frame_is_encoded_once_for_all_viewers(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[int] = []

    def counting(seen: CameraResult, max_width_px: int) -> bytes:
        encoded.append(seen.frame_number)
        return preview_jpeg(seen, max_width_px)

    monkeypatch.setattr("edgeserve.web.view.preview_jpeg", counting)
    async with (
        serving(Setting(web=FAST)) as running,
        aiohttp.ClientSession(running.url) as session,
        AsyncExitStack() as stack,
    ):
        looking = [
            await stack.enter_async_context(session.ws_connect("/api/cameras/gate/live"))
            for _ in range(4)
        ]
        pictures: dict[int, set[bytes]] = {}
        for _ in range(10):
            for socket in looking:
                told, jpeg = await frame(socket)
                pictures.setdefault(told["frame_number"], set()).add(jpeg)
                await socket.send_str("shown")
    assert len(encoded) == len(set(encoded))
    assert set(pictures) <= set(encoded)
    assert all(len(jpegs) == 1 for jpegs in pictures.values())


async def test_nothing_is_kept_or_encoded_when_nobody_looks() -> None:
    async with serving() as running, aiohttp.ClientSession(running.url) as session:
        assert not running.cameras._broadcaster.wants_pictures("gate")
        async with session.ws_connect("/api/cameras/gate/live") as socket:
            await frame(socket)
            assert running.cameras._broadcaster.wants_pictures("gate")
        await asyncio.wait_for(until_nobody_looks(running), 60)
        async with session.get("/api/cameras/gate/snapshot.jpg") as response:
            assert response.status == 200
        await asyncio.wait_for(until_nobody_looks(running), 60)


async def test_one_who_does_not_answer_gets_no_more_and_then_the_newest() -> None:
    async with (
        serving(Setting(web=FAST)) as running,
        aiohttp.ClientSession(running.url) as session,
        session.ws_connect("/api/cameras/gate/live") as slow,
        session.ws_connect("/api/cameras/gate/live") as quick,
    ):
        for _ in range(2):
            late, _ = await frame(slow)
        for _ in range(20):
            newest, _ = await frame(quick)
            await quick.send_str("shown")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(slow.receive_bytes(), 0.2)
        await slow.send_str("shown")
        after, _ = await frame(slow)
    assert late["frame_number"] < newest["frame_number"] <= after["frame_number"]


async def test_places_are_limited_and_come_back() -> None:
    async with (
        serving(Setting(web={"live_viewers": 1})) as running,
        aiohttp.ClientSession(running.url) as session,
    ):
        async with session.ws_connect("/api/cameras/gate/live") as socket:
            await frame(socket)
            async with session.get("/api/events") as response:
                assert await problem(response) == (
                    429,
                    "1 viewers are there; the limit is 1 (setting live_viewers)",
                )
        await asyncio.wait_for(until_nobody_looks(running), 60)
        async with session.get("/api/events") as response:
            assert response.status == 200


async def test_a_camera_that_is_removed_ends_its_live_pictures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edgeserve.web.live_api._PATIENCE_S", 0.1)
    async with (
        serving() as running,
        aiohttp.ClientSession(running.url) as session,
        session.ws_connect("/api/cameras/gate/live") as socket,
    ):
        await frame(socket)
        await asyncio.to_thread(running.cameras.remove, "gate")
        while not (message := await asyncio.wait_for(socket.receive(), 60)).type.value >= 8:
            pass
    assert message.type is aiohttp.WSMsgType.CLOSE
    assert message.extra == "camera removed"


async def test_a_server_that_stops_lets_viewers_and_listeners_go() -> None:
    async with aiohttp.ClientSession() as session, AsyncExitStack() as stack:
        async with serving() as running:
            socket = await stack.enter_async_context(
                session.ws_connect(f"{running.url}/api/cameras/gate/live")
            )
            events = await stack.enter_async_context(session.get(f"{running.url}/api/events"))
            await frame(socket)
        await asyncio.wait_for(events.read(), 60)
        while not (await asyncio.wait_for(socket.receive(), 60)).type.value >= 8:
            pass
        assert socket.closed


async def read_events(response: aiohttp.ClientResponse, count: int) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    while len(told) < count:
        line = await asyncio.wait_for(response.content.readline(), 60)
        if line.startswith(b"data: "):
            told.append(json.loads(line.removeprefix(b"data: ")))
    return told


async def test_events_are_told_to_late_comers_and_go_on_where_they_broke() -> None:
    async with (
        serving(Setting(events=True)) as running,
        aiohttp.ClientSession(running.url, timeout=PATIENT) as session,
    ):
        async with session.get("/api/events") as response:
            assert response.content_type == "text/event-stream"
            first = await read_events(response, 5)
        async with session.get("/api/events", headers={"Last-Event-ID": "3"}) as response:
            again = await read_events(response, 2)
        # Of before a restart: the server counts anew.
        async with session.get("/api/events", headers={"Last-Event-ID": "99"}) as response:
            anew = await read_events(response, 5)
        await check_schema(session, "Event", first[0])
    assert [event["id"] for event in first] == [1, 2, 3, 4, 5]
    assert again == first[3:]
    assert anew == first
    assert (first[0]["kind"], first[0]["place"], first[0]["dwell_ms"]) == (
        "zone_left",
        "door",
        1500,
    )
