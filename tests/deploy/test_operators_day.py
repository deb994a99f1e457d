"""A day of an operator: install, start, load, a broken camera, its alert, an upgrade, the end."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgeserve.cameras.open import open_source
from edgeserve.client import DetectionClient, Policy, StreamOptions
from edgeserve.domain.result import Status
from tests.cameras.mjpeg_server import MjpegServer
from tests.deploy.supervisor import Supervisor
from tests.deploy.wheels import DIST, bumped, libraries
from tests.system.conftest import EDGESERVE, run
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self

    from edgeserve.domain.result import FrameResult

PROMETHEUS = Path(__file__).parents[2] / "deploy" / "prometheus"
PATIENCE_S = 600
FRAME_S = 0.1
_PYTHON = f"{sys.base_prefix}/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
CONFIGURATION = """
[serving]
listen = "unix:{socket}"

[web]
http_listen = "127.0.0.1:0"

[[camera]]
name = "gate"
url = "{url}"
reconnect_max = 1.0
"""

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(not list(DIST.glob("edgeserve-*.whl")), reason="no wheel; make dist"),
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus here"),
]


class _Load:
    """A client with ten frames a second, which resumes when the server goes away."""

    def __init__(self, address: str) -> None:
        self.results: list[FrameResult] = []
        self._address = address
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._stream)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._enough.set()
        self._thread.join()

    def _frames(self) -> Iterator[bytes]:
        picture = bytes(next(iter(open_source("sample"))).data)
        while not self._enough.wait(FRAME_S):
            yield picture

    def _stream(self) -> None:
        with DetectionClient(self._address, reconnect_timeout=PATIENCE_S) as client:
            for result in client.stream(self._frames(), StreamOptions(policy=Policy.BLOCK)):
                self.results.append(result)


@contextmanager
def _prometheus(folder: Path, target: str) -> Iterator[str]:
    """A Prometheus with our configuration and rules; its address."""
    ours = (PROMETHEUS / "prometheus.yml").read_text().replace("127.0.0.1:8000", target)
    (folder / "prometheus.yml").write_text(ours.replace(": 15s", ": 1s"))
    shutil.copy(PROMETHEUS / "edgeserve.rules.yml", folder)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--log.level=error",
    ]
    with subprocess.Popen(command) as process:
        try:
            yield address
        finally:
            process.kill()


def _ask(address: str, query: str) -> list[Any]:
    url = f"http://{address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            result: list[Any] = json.load(answer)["data"]["result"]
    except OSError:
        return []  # not listening yet
    return result


class _Box:
    """A root folder and the commands that an operator gives on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "r"
        self.file = self.root / "etc/edgeserve/edgeserve.toml"
        self.address = f"unix:{folder / 'grpc.sock'}"
        # The service's environments share this one's libraries, so that pip fetches nothing.
        self.shared = {
            "PYTHONPATH": str(libraries(folder / "libraries")),
            "PIP_NO_DEPS": "1",
        }

    def service(self, verb: str, *words: str) -> None:
        ended = subprocess.run(
            [*EDGESERVE, "service", verb, *words, "--root", str(self.root)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
            env=os.environ | self.shared,
        )
        assert ended.returncode == 0, ended.stderr

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(
            run("service", "status", "--root", str(self.root), "--json=-").stdout
        )
        return told

    def configure(self, url: str) -> str:
        text = CONFIGURATION.format(socket=self.folder / "grpc.sock", url=url)
        self.file.write_text(text)
        return text


def _mend_a_broken_camera(box: _Box, service: Supervisor, camera: MjpegServer) -> None:
    """From the alert to its end."""
    with _prometheus(box.folder, service.http_address) as prometheus:
        seen = 'edgeserve_camera_last_frame_timestamp_seconds{camera="gate"} > 0'
        wait_until(lambda: _ask(prometheus, seen), "the camera's frames", PATIENCE_S)
        camera.close()
        alert = 'ALERTS{alertname="EdgeserveCameraStalled",alertstate="firing",camera="gate"}'
        wait_until(lambda: _ask(prometheus, alert), "the alert", PATIENCE_S)
        with DetectionClient(box.address, timeout=60) as client:
            assert client.list_cameras()[0].last_error

        # A slip of the hand changes nothing; the right address mends it.
        with MjpegServer() as other:
            text = box.configure(other.url)
            box.file.write_text(text.replace("reconnect_max", "reconect_max"))
            service.reload()
            assert f"{box.file}:11: camera[0].reconect_max" in service.status
            box.file.write_text(text)
            service.reload()
            assert service.status == "1 of 1 models ready"
            wait_until(lambda: not _ask(prometheus, alert), "the alert's end", PATIENCE_S)


def test_an_operators_day(tmp_path: Path) -> None:
    (wheel,) = DIST.glob("edgeserve-*.whl")
    old = wheel.name.split("-")[1]
    new = f"{old}.post1"
    box = _Box(tmp_path)
    box.service("install", str(wheel), "--python", _PYTHON)
    assert run("config", "--check", str(box.file)).returncode == 0
    with MjpegServer() as camera:
        box.configure(camera.url)
        with Supervisor(box.root, tmp_path, box.shared) as service:
            assert service.status == "1 of 1 models ready"
            with _Load(box.address) as load:
                wait_until(lambda: load.results, "the first result")
                _mend_a_broken_camera(box, service, camera)
                box.service("upgrade", str(bumped(wheel, new, tmp_path)))
                answered = len(load.results)
                service.restart()
                wait_until(lambda: len(load.results) > answered, "results after the upgrade")
            command = Path(f"/proc/{service.process.pid}/cmdline").read_text().split("\0")
            assert Path(command[0]).parents[1].name == new
            assert service.ends == ["0"], "the old version answered what it had read, and ended"
    assert [result.frame_id for result in load.results] == list(range(len(load.results)))
    assert {result.status for result in load.results} == {Status.OK}

    box.service("rollback")
    assert (box.status()["version"], box.status()["previous"]) == (old, new)
    box.service("remove")
    assert not box.status()["version"]
    assert box.file.read_text(), "what the operator wrote stays"
    box.service("remove", "--purge")
    left = [path for path in box.root.rglob("*edgeserve*") if "run" not in path.parts]
    assert left == []
