"""The commands that a newcomer types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cv2
import pytest

from tests.system.conftest import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.conftest import Start

FREE = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0")


def test_the_demo_finds_the_persons_and_writes_the_picture(tmp_path: Path) -> None:
    picture = tmp_path / "demo.jpg"
    ended = run("demo", "--once", *FREE, "--output", str(picture), "--json=-")
    assert ended.returncode == 0, ended.stderr
    *frames, last = [json.loads(line) for line in ended.stdout.splitlines()]
    assert last["summary"]["frames"] == last["summary"]["ok"] == len(frames) == 120
    # Three photographs of one person each, forty frames of each.
    for start in range(0, 120, 40):
        views = frames[start : start + 40]
        found = [view for view in views if any(d["label"] == "person" for d in view["detections"])]
        assert len(found) >= 20, f"frames {start}..: {len(found)} of 40 show the person"
    annotated = cv2.imread(str(picture))
    assert annotated is not None
    assert annotated.shape == (480, 640, 3)


def test_stream_prints_the_json_lines_that_others_build_on(serve: Start) -> None:
    server = serve()
    ended = run("stream", "sample", "--address", server.address, "--limit", "5", "--json=-")
    assert ended.returncode == 0, ended.stderr
    *frames, last = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [frame["frame_id"] for frame in frames] == [0, 1, 2, 3, 4]
    first = frames[0]
    assert first["status"] == "OK"
    assert first["model"] == "road-csp-tiny"
    assert set(first["stages_us"]) == {"decode", "preprocess", "queue", "infer", "postprocess"}
    assert 0 < first["stages_us"]["infer"] <= 1000 * first["latency_ms"]
    for detection in first["detections"]:
        assert set(detection) == {"label", "class_id", "score", "box_xyxy"}
        x_min, y_min, x_max, y_max = detection["box_xyxy"]
        assert 0 <= x_min < x_max <= 640
        assert 0 <= y_min < y_max <= 480
    assert set(last["summary"]) >= {"frames", "ok", "dropped", "error", "fps", "p50_ms", "p99_ms"}


def test_health_tells_by_exit_code(serve: Start) -> None:
    server = serve()
    assert run("health", "--address", server.address).returncode == 0
    assert server.terminate() == 0
    assert run("health", "--address", server.address).returncode == 3


def test_devices_names_what_is_there_and_how_to_get_what_is_not() -> None:
    ended = run("devices", "--json=-")
    devices = {device["name"]: device for device in json.loads(ended.stdout)["devices"]}
    assert devices["openvino:CPU"]["available"]
    assert devices["onnxruntime:CPU"]["available"]
    assert all(d["available"] or d["missing"] for d in devices.values())


def test_a_picture_of_an_unknown_kind_is_an_error_and_exit_code_1(
    serve: Start,
    tmp_path: Path,
) -> None:
    server = serve()
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8 not a picture")
    ended = run("detect", str(bad), "--address", server.address)
    assert ended.returncode == 1
    assert "invalid_image" in ended.stdout


@pytest.mark.parametrize(
    "command",
    ["serve", "demo", "stream", "detect", "models", "devices", "health", "config", "bench"],
)
def test_every_command_explains_itself(command: str) -> None:
    ended = run(command, "--help")
    assert ended.returncode == 0
    assert "Usage: edgeserve" in ended.stdout


@pytest.mark.long
def test_bench_measures_server_limit_and_generator() -> None:
    ended = run("bench", "--streams", "2", "--rounds", "1", "--seconds", "0.5", "--json=-")
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert result["streams"] == 2
    assert result["drops"] == 0
    assert 0 < result["p50_ms"] <= result["p99_ms"]
    for name in (
        "fps",
        "limit_fps",
        "share_net",
        "share_gross",
        "server_cpu_ms_per_frame",
        "limit_cpu_ms_per_frame",
        "limit_pss_mb",
        "generator_cpu_ms_per_frame",
        "pss_mb",
        "cold_s",
    ):
        assert result[name] > 0, name
    assert result["rounds"]["fps"] == [result["fps"]]
    assert result["share_gross"] == pytest.approx(result["fps"] / result["limit_fps"])


@pytest.mark.long
def test_bench_drives_cameras_against_a_server_that_runs(serve: Start, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "bench.svg"
    server = serve()
    ended = run(
        *("bench", "--scenario", "open", "--address", server.address, "--streams", "2"),
        *("--fps", "5", "--rounds", "1", "--seconds", "1", "--plot", str(picture), "--json=-"),
    )
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert (result["scenario"], result["camera_fps"], result["frames"]) == ("open", 5, 10)
    assert result["pss_mb"] is None, "it is not ours"
    assert "<svg" in picture.read_text()
