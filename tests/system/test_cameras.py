"""Cameras of the installed program: configured, watched, changed, killed, never in the way."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from edgeserve.cli.main import run as edgeserve
from edgeserve.client import CameraState, DetectionClient
from tests.cameras.rtsp_server import RtspServer
from tests.system.conftest import EDGESERVE, run
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.client import CameraStatus
    from tests.system.conftest import Start

SECRET = "hunter2"  # noqa: S105 - to be found nowhere


def config(tmp_path: Path, *cameras: str) -> str:
    path = tmp_path / "edgeserve.toml"
    path.write_text("".join(f"[[camera]]\n{camera}\n" for camera in cameras), encoding="utf-8")
    return str(path)


def test_a_camera_is_watched_listed_and_changed_by_commands(
    serve: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(tmp_path, 'name = "gate"\nurl = "sample"')
    admin = f"unix:{tmp_path / 'admin.sock'}"
    server = serve("--config", path, "--admin-listen", admin)

    def command(*words: str) -> str:
        """Run a command of the program, in this process."""
        assert edgeserve([*words]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    output = command("watch", "gate", "--address", server.address, "--limit", "3", "--json=-")
    *frames, last = [json.loads(line) for line in output.splitlines()]
    assert len(frames) == last["summary"]["ok"] == 3
    assert {frame["camera"] for frame in frames} == {"gate"}
    assert frames[0]["capture_time_unix_ns"] < frames[1]["capture_time_unix_ns"]
    assert all("track_id" in found for frame in frames for found in frame["detections"])
    command("cameras", "add", "yard", "pattern", "--admin", admin)
    assert command("cameras", "pause", "gate", "--admin", admin) == "camera gate: paused\n"
    listed = json.loads(command("cameras", "list", "--address", server.address, "--json=-"))
    assert [camera["name"] for camera in listed["cameras"]] == ["gate", "yard"]
    command("cameras", "resume", "gate", "--admin", admin)
    command("cameras", "remove", "yard", "--admin", admin)
    assert "yard" not in command("cameras", "list", "--address", server.address)
    assert edgeserve(["cameras", "remove", "yard", "--admin", admin]) == 2
    assert "no camera 'yard'; it reads gate" in capsys.readouterr().err
    assert server.terminate() == 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("rotate = 45", "camera[0].rotate: Input should be 0, 90, 180 or 270"),
        ('classes = ["dog"]', "camera gate: model road-csp-tiny has no label 'dog'"),
    ],
)
def test_a_wrong_camera_is_named_and_no_secret_with_it(
    tmp_path: Path, wrong: str, said: str
) -> None:
    url = f"rtsp://admin:{SECRET}@192.0.2.7/x"
    path = config(tmp_path, f'name = "gate"\nurl = "{url}"\n{wrong}')
    flags = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--admin-listen", "")
    ended = run("serve", "--config", path, *flags)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert SECRET not in ended.stderr + ended.stdout


def test_credentials_are_in_no_log_listing_or_configuration_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"rtsp://admin:{SECRET}@camera.invalid/x"
    path = config(tmp_path, f'name = "gate"\nurl = "{url}"\nreconnect_first = 0.05')
    flags = ("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--admin-listen", "")
    command = [*EDGESERVE, "serve", "--config", path, "--log-level", "debug", *flags]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        address = ready.split()[1].removeprefix("grpc=")
        with DetectionClient(address) as client:
            wait_until(lambda: client.list_cameras()[0].last_error)
            listed = repr(client.list_cameras())
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert "camera gate: the name camera.invalid cannot be resolved" in said
    assert SECRET not in ready + listed + said
    for form in ((), ("--json",)):
        assert edgeserve(["config", "--config", path, *form]) == 0
        shown = capsys.readouterr().out
        assert "camera.invalid" in shown
        assert SECRET not in shown


def _by_name(client: DetectionClient) -> dict[str, CameraStatus]:
    return {status.name: status for status in client.list_cameras()}


@pytest.mark.long
@pytest.mark.timeout(600)
def test_an_rtsp_camera_killed_for_ten_seconds_is_back_within_its_backoff(
    serve: Start, tmp_path: Path
) -> None:
    with RtspServer() as camera:
        path = config(
            tmp_path,
            f'name = "gate"\nurl = "{camera.url}"\nreconnect_max = 2.0\nread_timeout = 3.0',
            'name = "other"\nurl = "sample"',
        )
        server = serve("--config", path, "--admin-listen", "")
        with DetectionClient(server.address, timeout=60) as client:
            wait_until(lambda: _by_name(client)["gate"].state is CameraState.RUNNING)
            camera.kill()
            killed_s = time.monotonic()
            before = _by_name(client)["other"]
            rates = []
            while time.monotonic() - killed_s < 10:
                rates.append(_by_name(client)["other"].fps)
                time.sleep(0.5)
            after = _by_name(client)["other"]
            assert _by_name(client)["gate"].state is not CameraState.RUNNING
            camera.start()
            back_s = time.monotonic()
            results = client.watch("gate")
            seen = next(results)
            results.close()
            gate = _by_name(client)["gate"]
        print(  # noqa: T201 - figures for whoever asks for them
            f"\ndetections {time.monotonic() - back_s:.1f} s after the server was back "
            f"(reconnect_max 2 s + opening); the other camera: {min(rates):.1f} to "
            f"{max(rates):.1f} fps"
        )
        assert seen.result.status.value == "OK"
        assert gate.reconnects == 1
        assert (after.reconnects, after.stalls) == (before.reconnects, before.stalls) == (0, 0)
        assert after.last_frame_unix_ns > before.last_frame_unix_ns


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", ["opencv", "auto"])
def test_a_thousand_failed_connects_leave_nothing_behind(
    serve: Start, tmp_path: Path, backend: str
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        port = listening.getsockname()[1]
        thread = threading.Thread(target=_answer_and_break_off, args=(listening,))
        thread.start()
        quick = (
            "reconnect_first = 0.001\nreconnect_max = 0.002\nconnect_timeout = 2.0\n"
            f'backend = "{backend}"\n'
        )
        path = config(
            tmp_path,
            f'name = "gone"\nurl = "rtsp://127.0.0.1:{port}/x"\n{quick}',
            f'name = "refused"\nurl = "rtsp://127.0.0.1:9/x"\n{quick}',
        )
        server = serve("--config", path, "--admin-listen", "", "--log-level", "error")
        process = psutil.Process(server.process.pid)
        figures = []
        for failures in (100, 550, 1100):
            wait_until_failed(server.http, failures)
            figures.append((process.num_threads(), process.num_fds(), _pss_kb(process.pid)))
            words = f"\n{failures} failures: threads, fds, PSS KB {figures[-1]}"
            print(words)  # noqa: T201 - as above
        assert server.terminate() == 0
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    (threads, fds, pss_kb), *_, (threads_after, fds_after, pss_kb_after) = figures
    assert threads_after <= threads + 1
    # A connection that is just being made may be among them.
    assert fds_after <= fds + 4
    assert pss_kb_after <= pss_kb + 8 * 1024


def _answer_and_break_off(listening: socket.socket) -> None:
    """Speak enough RTSP for a decoder to be set up, and no more."""
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            if connection.recv(4096).startswith(b"OPTIONS"):
                connection.sendall(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE\r\n\r\n")


def wait_until_failed(http: str, count: int) -> None:
    """Until both cameras have failed so often."""
    import urllib.request  # noqa: PLC0415 - here only

    def failed() -> bool:
        with urllib.request.urlopen(f"http://{http}/metrics", timeout=60) as response:
            lines = response.read().decode().splitlines()
        counts = [
            float(line.split()[-1])
            for line in lines
            if line.startswith("edgeserve_camera_failures_total{")
        ]
        return len(counts) == 2 and min(counts) >= count

    deadline = time.monotonic() + 400
    while not failed():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _pss_kb(pid: int) -> int:
    info: Any = psutil.Process(pid).memory_full_info()
    return int(info.pss) // 1024
