"""The unit that ships, under a service manager that the test plays, with a real watchdog."""

from __future__ import annotations

import asyncio
import shlex
import threading
from typing import TYPE_CHECKING

import pytest

from edgeserve.cameras.open import open_source
from edgeserve.client import AsyncDetectionClient, DetectionClient, Policy, StreamOptions
from edgeserve.domain.errors import EdgeserveError
from edgeserve.domain.frame import EncodedFrame, Encoding
from tests.deploy.supervisor import Supervisor
from tests.plugin import edgeserve_example as example
from tests.system.conftest import EDGESERVE, run
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WATCHDOG_S = 10
PERIODS = 3
CLIENTS = 4


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root folder with the unit, whose program is that of this environment."""
    root = tmp_path / "root"
    assert run("service", "files", "--root", str(root)).returncode == 0
    return root


def _override(root: Path, *flags: str) -> str:
    """A drop-in that starts the server with these flags; its address."""
    address = f"unix:{root.parent / 'grpc.sock'}"
    words = [*EDGESERVE, "serve", "--listen", address, "--http-listen", "", *flags]
    folder = root / "etc/systemd/system/edgeserve.service.d"
    folder.mkdir()
    lines = ["[Service]", "ExecStart=", f"ExecStart={shlex.join(words)}"]
    text = "\n".join([*lines, f"WatchdogSec={WATCHDOG_S}", ""])
    (folder / "test.conf").write_text(text)
    return address


@pytest.mark.long
@pytest.mark.timeout(600)
def test_hung_inferences_make_the_watchdog_restart_the_service(
    root: Path, tmp_path: Path, site: Path, example_models: Path
) -> None:
    address = _override(
        root,
        *("--provider", "example:SIM", "--model", "simulated", "--inference-timeout", "0"),
        *("--models-dir", str(example_models), "--cache-dir", str(tmp_path / "cache")),
    )
    side = example.SIDE_PX

    def frame(grey: int) -> EncodedFrame:
        return EncodedFrame(0, bytes([grey]) * side * side, Encoding.GRAY, side, side)

    async def hang_all() -> list[object]:
        async with AsyncDetectionClient(address, timeout=600) as client:
            calls = [client.detect(frame(example.HANGS_FOR_EVER)) for _ in range(64)]
            return list(await asyncio.gather(*calls, return_exceptions=True))

    with Supervisor(root, tmp_path, {"PYTHONPATH": str(site)}) as service:
        first = service.process.pid
        answers = asyncio.run(hang_all())
        assert all(isinstance(answer, EdgeserveError) for answer in answers)
        wait_until(lambda: service.restarts and service.ready, patience_s=300)
        assert service.status == "1 of 1 models ready"
        assert service.ends == ["watchdog"]
        assert service.process.pid != first
        assert "in infer" in service.log, "what hung stands in the log"
        with DetectionClient(address, timeout=60) as client:
            assert client.detect(frame(100)).labels == ("person",)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_saturated_service_is_left_alone(root: Path, tmp_path: Path) -> None:
    address = _override(root, "--cache-dir", str(tmp_path / "cache"))
    picture = bytes(next(iter(open_source("sample"))).data)
    enough = threading.Event()

    def frames() -> Iterator[bytes]:
        while not enough.is_set():
            yield picture

    answered = [0] * CLIENTS

    def stream(number: int) -> None:
        with DetectionClient(address, timeout=60) as client:
            for _ in client.stream(frames(), StreamOptions(policy=Policy.BLOCK)):
                answered[number] += 1

    with Supervisor(root, tmp_path, {}) as service:
        clients = [threading.Thread(target=stream, args=(number,)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            fed = service.fed
            wait_until(lambda: service.fed >= fed + 3 * PERIODS or service.ends, patience_s=300)
        finally:
            enough.set()
            for client in clients:
                client.join()
        assert service.ends == []
        assert all(answered)
