"""/v2: the same as over gRPC, with JSON, and with tensors as they are behind it."""

from __future__ import annotations

import base64
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import numpy as np
import pytest

from edgeserve.access.limits import Limits
from edgeserve.access.places import Places
from edgeserve.oip.service import OpenInference
from edgeserve.web.oip import OipRoutes
from edgeserve.web.server import WebServer
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LENGTH = "Inference-Header-Content-Length"
SIDE = fakes.SIDE_PX


class Running:
    """A server and a client's view of it."""

    def __init__(self, session: aiohttp.ClientSession, places: Places) -> None:
        self.session = session
        self.places = places

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.session.get(path) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, message: object = None) -> tuple[int, Any]:
        async with self.session.post(path, json=message) as answer:
            return answer.status, await answer.json()


@asynccontextmanager
async def serving() -> AsyncIterator[Running]:
    models, limits = fakes.served_models(), Limits()
    places = Places(limits)
    routes = OipRoutes(OpenInference.of(models, limits, places))
    server = WebServer("127.0.0.1:0", [routes], max_body_bytes=1 << 16)
    try:
        address = await server.start()
        async with aiohttp.ClientSession(f"http://{address}") as session:
            yield Running(session, places)
    finally:
        await server.stop()
        models.close()


def picture_request(**more: object) -> dict[str, Any]:
    tensor = {
        "name": "encoded_images",
        "datatype": "BYTES",
        "shape": [1],
        "parameters": {"content_type": "base64"},
        "data": [base64.b64encode(fakes.jpeg(64, 64)).decode()],
    }
    return {"inputs": [tensor], **more}


def value_of(answer: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON
    return next(one["data"] for one in answer["outputs"] if one["name"] == name)


@pytest.mark.asyncio
async def test_a_picture_in_json_gives_detections_in_json() -> None:
    async with serving() as running:
        message = picture_request(id="42", parameters={"score_threshold": 0.6})
        status, answer = await running.post("/v2/models/fake/infer", message)
        same, _ = await running.post("/v2/models/fake/versions/1/infer", message)
    assert (status, same) == (200, 200)
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("fake", "1", "42")
    assert value_of(answer, "boxes") == pytest.approx([0, 0, 12, 12], abs=0.01)
    assert value_of(answer, "count") == [1]


@pytest.mark.asyncio
async def test_tensors_come_and_go_as_they_are_behind_the_json() -> None:
    pixels = np.full((2, SIDE, SIDE, 3), 114, dtype=np.uint8)
    head = json.dumps(
        {
            "inputs": [
                {
                    "name": "images",
                    "datatype": "UINT8",
                    "shape": pixels.shape,
                    "parameters": {"binary_data_size": pixels.nbytes},
                },
            ],
            "outputs": [
                {"name": "raw.scores", "parameters": {"binary_data": True}},
                {"name": "labels"},
                {"name": "count", "parameters": {"binary_data": True}},
            ],
        }
    ).encode()
    async with serving() as running:
        url = "/v2/models/fake/infer"
        body = head + pixels.tobytes()
        headers = {LENGTH: str(len(head))}
        async with running.session.post(url, data=body, headers=headers) as answer:
            assert answer.status == 200
            length = int(answer.headers[LENGTH])
            content = await answer.read()
    message, behind = json.loads(content[:length]), content[length:]
    sizes = [one.get("parameters", {}).get("binary_data_size") for one in message["outputs"]]
    assert sizes == [2 * 2 * fakes.CELLS * 4, None, 8]
    assert message["outputs"][1]["data"] == ["car", "car"]
    scores = np.frombuffer(behind[: sizes[0]], "<f4").reshape(2, 2, fakes.CELLS)
    np.testing.assert_array_equal(scores, fakes.one_object(pixels)["scores"])
    assert behind[sizes[0] :] == np.array([1, 1], "<i4").tobytes()


@pytest.mark.asyncio
async def test_the_server_describes_itself() -> None:
    async with serving() as running:
        for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/fake/ready"):
            assert (await running.get(path))[0] == 200
        _, server = await running.get("/v2")
        _, model = await running.get("/v2/models/fake")
        _, config = await running.get("/v2/models/fake/config")
        await running.post("/v2/models/fake/infer", picture_request())
        _, statistics = await running.get("/v2/models/stats")
        _, index = await running.post("/v2/repository/index", {"ready": True})
        _, whole_index = await running.post("/v2/repository/index")
        running.places.close()
        assert (await running.get("/v2/health/ready"))[0] == 400
        assert (await running.get("/v2/models/fake/ready"))[0] == 400
        refused = await running.post("/v2/models/fake/infer", picture_request())
    assert server["name"] == "edgeserve"
    assert [one["name"] for one in model["inputs"]] == ["encoded_images", "images"]
    assert config["parameters"]["labels"]["string_value"] == "person,car"
    (counted,) = statistics["model_stats"]
    assert counted["inference_stats"]["success"]["count"] == 1
    assert (
        index == whole_index == [{"name": "fake", "version": "1", "state": "READY", "reason": ""}]
    )
    assert refused[0] == 503


@pytest.mark.asyncio
async def test_bad_requests_get_a_sentence_and_the_status_of_triton() -> None:
    infer = "/v2/models/fake/infer"
    good = picture_request()["inputs"][0]
    bad: list[object] = [
        [],
        {"inputs": 3},
        {"inputs": [3]},
        {"inputs": []},
        {"inputs": [good, good]},
        {"inputs": [good | {"name": 3}]},
        {"inputs": [good | {"shape": "1"}]},
        {"inputs": [good | {"shape": [2]}]},
        {"inputs": [good | {"data": [7]}]},
        {"inputs": [good | {"data": ["%"]}]},
        {"inputs": [good | {"parameters": {"binary_data_size": 5}}]},
        {"inputs": [{"name": "images", "datatype": "UINT8", "shape": [1], "data": ["a"]}]},
        {"inputs": [{"name": "images", "datatype": "UINT8", "shape": [1], "data": [[1], 2]}]},
        {"inputs": [{"name": "images", "datatype": "UINT8", "shape": [1]}]},
        picture_request(parameters=[]),
        picture_request(parameters={"max_detections": 0}),
        picture_request(outputs=[{"name": "heatmap"}]),
        picture_request(outputs=[{"name": "boxes", "parameters": {"classification": 2}}]),
    ]
    async with serving() as running:
        for message in bad:
            status, answer = await running.post(infer, message)
            assert (status, list(answer)) == (400, ["error"]), (message, answer)
        assert (await running.post("/v2/models/nope/infer", picture_request()))[0] == 404
        assert (await running.get("/v2/models/nope"))[0] == 404
        assert (await running.get("/v2/models/nope/ready"))[0] == 400
        assert (await running.post("/v2/repository/models/fake/load"))[0] == 501
        assert (await running.post("/v2/repository/models/fake/unload"))[0] == 501
        for body, length in ((b"{", None), (b"[" * 50_000, None), (b"{}", "9"), (b"{}", "-1")):
            headers = {} if length is None else {LENGTH: length}
            async with running.session.post(infer, data=body, headers=headers) as answer:
                assert answer.status == 400, (body[:9], length)
        async with running.session.post(infer, data=bytes(1 << 17)) as answer:
            assert answer.status == 413
            assert "max_frame_bytes" in (await answer.json())["error"]
        assert (await running.post(infer, picture_request()))[0] == 200
