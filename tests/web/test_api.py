"""The HTTP API over a real connection."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import jsonschema
import pytest

from edgeserve.access.options import AccessOptions
from edgeserve.domain.frame import ColorOrder, EncodedFrame
from edgeserve.preprocess.decode import decode
from tests import fakes
from tests.web.running import GATE, ZONE, Setting, serving, still

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

pytestmark = pytest.mark.asyncio
JPEG = {"Content-Type": "image/jpeg"}
PATIENT = aiohttp.ClientTimeout(total=60)


@asynccontextmanager
async def asking(setting: Setting | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a server."""
    async with (
        serving(setting) as running,
        aiohttp.ClientSession(running.url, timeout=PATIENT) as session,
    ):
        yield session


async def get(session: aiohttp.ClientSession, path: str) -> Any:  # noqa: ANN401 - JSON
    async with session.get(path) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def problem(response: aiohttp.ClientResponse) -> tuple[int, str]:
    """Status and words of a problem."""
    assert response.content_type == "application/problem+json"
    body = await response.json(content_type=None)
    assert body["status"] == response.status
    return response.status, body["detail"]


async def until_running(session: aiohttp.ClientSession, name: str) -> dict[str, Any]:
    while True:
        camera: dict[str, Any] = await get(session, f"/api/cameras/{name}")
        if camera["state"] == "running" and camera["figures"] is not None:
            return camera
        await asyncio.sleep(0.05)


async def check_schema(session: aiohttp.ClientSession, name: str, value: object) -> None:
    """Hold a value against a schema of the API's description."""
    description = await get(session, "/api/openapi.json")
    schema = {"$ref": f"#/components/schemas/{name}", "components": description["components"]}
    jsonschema.Draft202012Validator(schema).validate(value)


def pixels(jpeg: bytes) -> NDArray[np.uint8]:
    return decode(EncodedFrame(0, jpeg), ColorOrder.BGR, 1_000_000).pixels


async def test_cameras_are_told_with_their_figures_and_curves() -> None:
    async with asking(Setting(cameras=[{**GATE, "zones": [ZONE]}])) as session:
        camera = await until_running(session, "gate")
        await check_schema(session, "Camera", camera)
        assert (await get(session, "/api/cameras"))["cameras"][0]["name"] == "gate"
        periods = (await get(session, "/api/cameras/gate/history"))["periods"]
    assert camera["zones"] == [{**ZONE, "labels": []}]
    assert camera["figures"]["results_per_s"] > 0
    assert camera["figures"] in periods
    assert camera["figures"]["latency_ms"] >= camera["figures"]["infer_ms"]


async def test_a_camera_that_is_down_says_why_and_gives_no_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edgeserve.web.views._PATIENCE_S", 0.5)
    gone = {"name": "gone", "url": "rtsp://u:hunter2@127.0.0.1:1/x"}
    async with asking(Setting(cameras=[gone])) as session:
        camera: dict[str, Any] = {"last_error": ""}
        while not camera["last_error"]:
            camera = await get(session, "/api/cameras/gone")
        async with session.get("/api/cameras/gone/snapshot.jpg") as response:
            status, words = await problem(response)
    assert status == 503
    assert "camera 'gone' gives no picture; it is" in words
    assert "cannot be reached" in words
    assert "cannot be reached" in camera["last_error"]
    assert "hunter2" not in words + str(camera)


async def test_snapshots_come_with_and_without_boxes(tmp_path: Path) -> None:
    async with asking(Setting(cameras=[still(tmp_path)])) as session:
        jpegs = []
        for query in ("", "?boxes=0", "?boxes=1"):
            async with session.get(f"/api/cameras/still/snapshot.jpg{query}") as response:
                assert response.content_type == "image/jpeg"
                jpegs.append(pixels(await response.read()))
    plain, also_plain, drawn = (picture[:20, :20].astype(int) for picture in jpegs)
    assert jpegs[0].shape == (128, 128, 3)
    # The fake engine finds a car in this corner; the picture is grey.
    assert abs(plain - also_plain).max() < 5
    assert abs(plain - drawn).max() > 80


async def test_all_who_ask_at_once_get_the_same_snapshot() -> None:
    async with asking(Setting(web={"live_fps": 0.1})) as session:

        async def snapshot() -> bytes:
            async with session.get("/api/cameras/gate/snapshot.jpg") as response:
                return await response.read()

        assert len(set(await asyncio.gather(*(snapshot() for _ in range(8))))) == 1


async def test_models_and_devices_are_told_with_their_reasons() -> None:
    async with asking() as session:
        (model,) = (await get(session, "/api/models"))["models"]
        found = (await get(session, "/api/devices"))["devices"]
        await check_schema(session, "Model", model)
        for device in found:
            await check_schema(session, "Device", device)
    assert model["engine"]["requested"] == model["engine"]["chosen"] == "fake:CPU"
    assert [device["available"] for device in found] == [True, False]
    assert found[1]["missing"] == "no such chip; buy one"


async def test_a_picture_gets_its_detections() -> None:
    async with asking() as session:
        async with session.post("/api/detect", data=fakes.jpeg(), headers=JPEG) as response:
            assert response.status == 200, await response.text()
            result = await response.json()
        await check_schema(session, "Result", result)
        async with session.post(
            "/api/detect", params={"labels": "person"}, data=fakes.jpeg(), headers=JPEG
        ) as response:
            persons = (await response.json())["detections"]
    assert [found["label"] for found in result["detections"]] == ["car"]
    assert (result["width_px"], result["height_px"]) == (64, 48)
    assert persons == []


PROBLEMS = (
    ("/api/nothing", "openapi.json says what there is", 404),
    ("/api/cameras/no", "this server has no camera 'no'; it reads gate", 404),
    ("/api/cameras/no/history", "no camera 'no'", 404),
    ("/api/cameras/no/snapshot.jpg", "no camera 'no'", 404),
    ("/api/cameras/gate/snapshot.jpg?boxes=2", "boxes is '2'; expected 0 or 1", 400),
    ("/api/cameras/gate/snapshot.jpg?box=1", "no parameter 'box' here; known: boxes", 400),
    ("/api/cameras/gate/snapshot.jpg?boxes=1&boxes=1", "boxes is given more than once", 400),
    ("/api/cameras/gate/live", "this is a WebSocket", 426),
    ("/api/detect", "GET is not for /api/detect; expected POST", 405),
)
BAD_PICTURES = (
    ("", "image/jpeg", b"no picture", 422, "not"),
    ("", "image/jpeg", b"", 422, "the frame has 0 bytes"),
    ("", "text/plain", b"x", 415, "the body is text/plain; expected image/jpeg"),
    ("", "image/jpeg", b"x" * 2000, 413, "setting max_frame_bytes"),
    ("?score=1.5", "image/jpeg", b"x", 400, "score is '1.5'; expected a number from 0 to 1"),
    ("?score=nan", "image/jpeg", b"x", 400, "score is 'nan'"),
    ("?score=1e999", "image/jpeg", b"x", 400, "score is '1e999'"),
    ("?max_detections=0", "image/jpeg", b"x", 400, "expected an integer, 1 or more"),
    ("?model=none", "image/jpeg", b"x", 404, "this server has no model 'none'"),
    ("?labels=cow", "image/jpeg", b"x", 400, "cow"),
)


async def test_what_cannot_be_answered_is_a_problem_with_its_reason() -> None:
    async with asking() as session:
        for path, said, status in PROBLEMS:
            async with session.get(path) as response:
                told = await problem(response)
            assert told[0] == status, path
            assert said in told[1]


async def test_pictures_that_cannot_be_looked_at_are_problems() -> None:
    async with asking(Setting(limits=AccessOptions(max_frame_bytes=1024))) as session:
        for query, kind, body, status, said in BAD_PICTURES:
            headers = {"Content-Type": kind}
            async with session.post(f"/api/detect{query}", data=body, headers=headers) as response:
                told = await problem(response)
            assert told[0] == status, (query, kind)
            assert said in told[1]


async def test_a_picture_of_unknown_length_is_held_to_the_limit_too() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 500

    setting = Setting(limits=AccessOptions(max_frame_bytes=1024))
    async with (
        asking(setting) as session,
        session.post("/api/detect", data=pieces(), headers=JPEG) as response,
    ):
        assert (await problem(response))[0] == 413


async def test_more_pictures_at_once_than_the_limit_are_refused() -> None:
    gate = fakes.Gate()
    setting = Setting(cameras=(), limits=AccessOptions(max_streams=1), answer=gate)
    async with asking(setting) as session:
        first = asyncio.create_task(session.post("/api/detect", data=fakes.jpeg(), headers=JPEG))
        assert await asyncio.to_thread(gate.entered.acquire, timeout=60)
        async with session.post("/api/detect", data=fakes.jpeg(), headers=JPEG) as response:
            status, words = await problem(response)
        gate.go.release()
        async with await first as response:
            assert response.status == 200
    assert status == 429
    assert "setting max_streams" in words


async def test_probes_and_metrics_stay_where_they_were() -> None:
    async with asking() as session:
        for path, said in (("/healthz", "ok"), ("/readyz", "ready"), ("/metrics", "metrics")):
            async with session.get(path) as response:
                assert (await response.text()).strip() == said
