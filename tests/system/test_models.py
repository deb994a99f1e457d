"""Models of a running server are loaded, swapped and unloaded by the program's commands."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from edgeserve.cameras.open import open_source
from edgeserve.client import (
    AdminClient,
    DetectionClient,
    DetectOptions,
    HealthStatus,
    Policy,
    StreamOptions,
)
from edgeserve.domain.errors import ModelNotReadyError
from edgeserve.domain.result import ErrorCode, Status
from tests.system.conftest import run
from tests.versions import NAME, write_version
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgeserve.domain.result import FrameResult
    from tests.system.conftest import ServerProcess, Start

BROKEN = (('fit = "center"', 'fit = "stretch"'),)


class Swapped:
    """A server with version 100 in a folder of models, and its admin service."""

    def __init__(self, serve: Start, folder: Path, *flags: str) -> None:
        self.models = folder / "models"
        write_version(self.models, 100)
        self.admin = f"unix:{folder / 'admin.sock'}"
        own = ("--models-dir", str(self.models), "--admin-listen", self.admin)
        quick = ("--provider", "onnxruntime:CPU", "--hint", "latency")
        self.server: ServerProcess = serve(*own, *quick, *flags)

    def ask(self, *words: str) -> tuple[int, str]:
        """`edgeserve models …` on the admin service: exit code, and what it said."""
        ended = run("models", *words, "--admin", self.admin)
        return ended.returncode, (ended.stdout + ended.stderr).strip()

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://{self.server.http}/metrics", timeout=60) as answer:
            text: str = answer.read().decode()
            return text


class Streaming(threading.Thread):
    """A stream that goes on until it is ended; everything sent is answered."""

    def __init__(self, address: str, options: DetectOptions | None = None) -> None:
        super().__init__()
        self._address = address
        self._options = StreamOptions(options or DetectOptions(), Policy.BLOCK)
        self._ended = threading.Event()
        self.sent = 0
        self.results: list[FrameResult] = []
        self.start()

    def run(self) -> None:
        with open_source("sample", limit=3) as source:
            pictures = [bytes(frame.data) for frame in source]

        def frames() -> Iterator[bytes]:
            while not self._ended.is_set():
                # Not all that the machine can: the swaps need some of it.
                time.sleep(0.1)
                self.sent += 1
                yield pictures[self.sent % len(pictures)]

        with DetectionClient(self._address) as client:
            for result in client.stream(frames(), self._options):
                self.results.append(result)

    def until(self, version: str) -> None:
        """Until a result of a version is there."""
        wait_until(lambda: any(one.version == version for one in self.results), version)

    def end(self) -> None:
        self._ended.set()
        self.join(60)
        assert not self.is_alive()


@pytest.mark.timeout(600)
def test_swaps_under_load_lose_and_double_nothing(serve: Start, tmp_path: Path) -> None:
    made = Swapped(serve, tmp_path, "--watch", "--watch-interval", "0.2")
    streams = [Streaming(made.server.address) for _ in range(2)]
    for stream in streams:
        stream.until("100")
    with AdminClient(made.admin) as admin:
        for number in range(101, 106):
            write_version(made.models, number)
            if number % 2:  # the others are found by the server itself
                assert admin.load_model(NAME) == str(number)
            for stream in streams:
                stream.until(str(number))
        write_version(made.models, 106, BROKEN)
        with pytest.raises(ModelNotReadyError, match="does not find what its FP32 form finds"):
            admin.load_model(NAME)
    for stream in streams:
        stream.end()
        assert [result.frame_id for result in stream.results] == list(range(stream.sent))
        assert {result.status for result in stream.results} == {Status.OK}
        versions = [int(result.version) for result in stream.results]
        assert versions == sorted(versions)
        assert set(versions) == set(range(100, 106))
    with DetectionClient(made.server.address) as client:
        (model,) = client.list_models()
        assert (model.version, model.ready) == ("105", True)
        assert f"{NAME}:106 does not take its place: " in model.reason
        assert client.health() is HealthStatus.SERVING
    metrics = made.metrics()
    assert f'edgeserve_model_ready{{model="{NAME}",version="105"}} 1.0' in metrics
    assert 'version="100"' not in metrics
    assert made.server.terminate() == 0


@pytest.mark.timeout(600)
def test_the_commands_change_what_a_server_serves(serve: Start, tmp_path: Path) -> None:
    made = Swapped(serve, tmp_path)
    bundle = write_version(tmp_path / "elsewhere", 101)
    installed = run("models", "install", str(bundle), "--models-dir", str(made.models))
    assert installed.stdout == f"model {NAME}:101: in {made.models / NAME / '101'}\n"
    code, said = made.ask("load", f"{NAME}:101", "--json=-")
    assert (code, json.loads(said)) == (0, {"model": NAME, "versions": ["101"], "done": "loaded"})
    newest = Streaming(made.server.address)
    named = Streaming(made.server.address, DetectOptions(NAME, "100"))
    newest.until("101")
    named.until("100")
    assert made.ask("unload", f"{NAME}:100")[0] == 0
    wait_until(lambda: named.results[-1].error_code is ErrorCode.MODEL_UNAVAILABLE)
    code, said = made.ask("reload", f"{NAME}:100")
    assert (code, f"it serves {NAME}:101" in said) == (2, True)
    assert made.ask("reload", NAME) == (0, f"model {NAME}:101: reloaded")
    assert made.ask("unload", NAME)[0] == 0
    service = f"edgeserve.model.{NAME}"
    with DetectionClient(made.server.address, timeout=60) as client:
        wait_until(lambda: client.health() is HealthStatus.NOT_SERVING)
        wait_until(lambda: client.health(service) is HealthStatus.SERVICE_UNKNOWN)
        assert made.ask("load", f"{NAME}:100")[0] == 0
        wait_until(lambda: client.health(service) is HealthStatus.SERVING)
        wait_until(lambda: named.results[-1].status is Status.OK)
    for stream in (newest, named):
        stream.end()
        assert [result.frame_id for result in stream.results] == list(range(stream.sent))
