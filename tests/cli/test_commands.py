"""Commands against a server."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import psutil
import pytest

from edgeserve.cli.main import run
from edgeserve.wire._generated import detection_pb2 as pb
from tests.client.fake_server import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.client.fake_server import FakeServer


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with three pictures."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a", "b", "c"):
        cv2.imwrite(str(folder / f"{name}.png"), np.zeros((20, 30, 3), np.uint8))
    return folder


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(text) for text in capsys.readouterr().out.splitlines()]


def test_stream_writes_a_line_a_frame_and_the_summary(
    server: FakeServer,
    pictures: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["stream", str(pictures), "--address", server.address, "--limit", "2", "--json"]
    assert run(arguments) == 0
    first, second, last = _lines(capsys)
    assert (first["frame_id"], second["frame_id"]) == (0, 1)
    assert first["detections"][0]["box_xyxy"] == [1, 2, 3, 4]
    assert last["summary"]["ok"] == last["summary"]["frames"] == 2
    assert last["summary"]["p50_ms"] == 1.5


def test_stream_asks_for_what_the_flags_say(server: FakeServer, pictures: Path) -> None:
    arguments = ["stream", str(pictures), "--address", server.address]
    flags = "--model m --score 0.25 --label car --label bus --policy queue --queue-size 3"
    assert run([*arguments, *flags.split(), "--max-age-ms", "50"]) == 0
    (config,) = server.configs
    assert config.options == pb.DetectOptions(
        model="m",
        score_threshold=0.25,
        labels=["car", "bus"],
    )
    assert (config.policy, config.queue_size, config.max_age_ms) == (pb.POLICY_QUEUE, 3, 50)


def test_stream_drops_nothing_unless_asked(server: FakeServer, pictures: Path) -> None:
    assert run(["stream", str(pictures), "--address", server.address]) == 0
    assert server.configs[0].policy == pb.POLICY_BLOCK


def test_pictures_have_no_frame_rate(
    server: FakeServer,
    pictures: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["stream", str(pictures), "--address", server.address, "--realtime"]) == 2
    assert "no frame rate" in capsys.readouterr().err


def test_detect_tells_of_each_picture_by_its_path(
    server: FakeServer,
    pictures: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = pictures.parent / "out"
    paths = [str(pictures / "c.png"), str(pictures)]
    arguments = ["--address", server.address, "--annotate", str(out), "--json"]
    assert run(["detect", *paths, *arguments]) == 0
    *lines, last = _lines(capsys)
    names = [line["path"].removeprefix(f"{pictures}/") for line in lines]
    assert names == ["c.png", "a.png", "b.png", "c.png"]
    assert last["summary"]["frames"] == 4
    written = sorted(path.name for path in out.iterdir())
    assert written == ["a-000001.jpg", "b-000002.jpg", "c-000000.jpg", "c-000003.jpg"]


def test_detect_fails_when_a_picture_does(
    server: FakeServer,
    pictures: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.status = pb.RESULT_STATUS_ERROR
    assert run(["detect", str(pictures / "a.png"), "--address", server.address]) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first == f"{pictures}/a.png  ERROR  invalid_image  truncated"
    assert last == "1 frames: 0 ok, 0 dropped, 1 error"


def test_an_absent_server_leaves_an_old_file_alone(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("old")
    arguments = ["--address", "127.0.0.1:1", "--json", str(out)]
    assert run(["detect", str(pictures), *arguments]) == 3
    assert out.read_text() == "old"


def test_models(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "list", "--address", server.address, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"][0]["name"] == "m"
    assert run(["models", "list", "--address", server.address]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split()[:2] == ["MODEL", "VERSION"]
    assert row.split()[:2] == ["m", "1"]


def test_devices_of_a_server(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["devices", "--address", server.address, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["devices"][0]["name"] == "fake:CPU"


def test_health(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["health", "--address", server.address]) == 0
    assert capsys.readouterr().out == "SERVING\n"
    server.serving = False
    assert run(["health", "--address", server.address, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told == {"address": server.address, "service": "", "status": "NOT_SERVING"}
    assert run(["health", "--address", server.address, "--service", "no.such"]) == 1
    assert capsys.readouterr().out == "SERVICE_UNKNOWN\n"


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts the program; what still runs after the test is killed."""
    started: list[subprocess.Popen[bytes]] = []
    # Where the tests run in the background, Ctrl-C may be ignored; a child would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "edgeserve", *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        return started[-1]

    yield start
    for program in started:
        program.kill()
        program.communicate()
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("_again", range(3))
def test_a_signal_ends_a_stream(
    server: FakeServer,
    start: Callable[..., subprocess.Popen[bytes]],
    number: signal.Signals,
    code: int,
    _again: int,
) -> None:
    server.steps = [Step(answers=3)]
    program = start("stream", "sample", "--address", server.address)
    assert program.stdout is not None
    for _ in range(3):
        assert program.stdout.readline().startswith(b"frame ")
    # Just now it goes to sleep until the fourth result.
    program.send_signal(number)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == code, errors
    assert b"Traceback" not in errors


def test_ctrl_c_ends_a_demo_and_its_server(start: Callable[..., subprocess.Popen[bytes]]) -> None:
    free = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0")
    program = start("demo", *free)
    assert program.stdout is not None
    told = program.stdout.readline().decode()
    assert told.startswith("serving on ")
    (server,) = psutil.Process(program.pid).children()
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == 130, errors
    assert b"Traceback" not in errors
    assert not server.is_running()
