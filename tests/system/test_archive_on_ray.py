"""An archive on a Ray cluster of two workers: one is killed, or who asked for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import psutil
import pytest

import edgeserve.cameras.sample
from tests.sinks.ports import free_port
from tests.system.conftest import EDGESERVE
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed (extra [ray])"),
]

VIDEOS, FRAMES = 12, 100
SAMPLE = Path(edgeserve.cameras.sample.__file__).parent / "sample"
RAY = (sys.executable, "-c", "from ray.scripts.scripts import main; main()")
START_S = 200


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Videos that take a worker a moment each, and a picture."""
    folder = tmp_path / "archive"
    folder.mkdir()
    shutil.copy(SAMPLE / "grace_hopper.jpg", folder)
    picture = cv2.imread(str(SAMPLE / "grace_hopper.jpg"))
    assert picture is not None
    first = folder / "00.avi"
    size_px = (picture.shape[1], picture.shape[0])
    writer = cv2.VideoWriter(str(first), cv2.VideoWriter.fourcc(*"MJPG"), 10, size_px)
    for frame in range(FRAMES):
        writer.write(cv2.convertScaleAbs(picture, alpha=1 - frame / FRAMES / 2))
    writer.release()
    for number in range(1, VIDEOS):
        shutil.copy(first, folder / f"{number:02}.avi")
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, psutil.Process]]:
    """A Ray of two cores: its address, and the process that all of its own come from."""
    # It makes sockets there, for which a path of pytest's is too long.
    session = Path(f"/tmp/ray-{os.getpid()}")  # noqa: S108 - as said
    log = tmp_path_factory.mktemp("ray") / "log"
    flags = (
        "--num-cpus=2",
        "--port=0",
        f"--ray-client-server-port={free_port()}",
        "--include-dashboard=false",
        "--disable-usage-stats",
    )
    with log.open("w") as out:
        process = subprocess.Popen(
            [*RAY, "start", "--head", "--block", f"--temp-dir={session}", *flags],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    head = psutil.Process(process.pid)
    try:
        wait_until(lambda: "--address='" in log.read_text(), "Ray starts", START_S)
        yield log.read_text().partition("--address='")[2].partition("'")[0], head
    finally:
        family = [*head.children(recursive=True), head]
        process.terminate()
        for one in psutil.wait_procs(family, timeout=30)[1]:
            one.kill()
        process.wait(60)
        shutil.rmtree(session, ignore_errors=True)


def start(archive: Path, results: Path, address: str) -> subprocess.Popen[str]:
    words = ["detect", str(archive), "--results", str(results), "--ray", address, "--json=-"]
    return subprocess.Popen([*EDGESERVE, *words], stdout=subprocess.PIPE, text=True)


def writers(head: psutil.Process) -> list[psutil.Process]:
    """Workers that are in the midst of a file."""
    return [process for process in head.children(recursive=True) if _writes(process)]


def _writes(process: psutil.Process) -> bool:
    try:
        return any(file.path.endswith(".part") for file in process.open_files())
    except psutil.Error:
        return False  # it has just ended


def check(archive: Path, results: Path) -> None:
    """Exactly one whole result for each file, and nothing else."""
    names = {f"{path.name}.jsonl" for path in archive.iterdir()}
    assert {path.name for path in results.iterdir()} == names | {"order.json"}
    videos = [path.read_text().splitlines() for path in sorted(results.glob("*.avi.jsonl"))]
    assert len(videos) == VIDEOS
    for *frames, last in videos:
        assert frames == videos[0][:-1]
        assert len(frames) == FRAMES
        assert json.loads(last)["summary"]["ok"] == FRAMES


def test_a_killed_workers_file_is_done_by_another(
    cluster: tuple[str, psutil.Process], archive: Path, tmp_path: Path
) -> None:
    address, head = cluster
    results = tmp_path / "results"
    with start(archive, results, address) as driver:
        busy: list[psutil.Process] = []

        def both_work() -> bool:
            busy[:] = writers(head)
            return len(busy) == 2

        wait_until(both_work, "two workers", START_S)
        victim = busy[0]
        victim.kill()
        told = [json.loads(text) for text in driver.communicate(timeout=START_S)[0].splitlines()]
    assert driver.returncode == 0
    assert not victim.is_running()
    assert told[-1]["summary"] == {
        "files": VIDEOS + 1, "done": VIDEOS + 1, "unreadable": 0, "failed": 0, "there_already": 0,
    }  # fmt: skip
    check(archive, results)


def test_a_run_that_was_killed_is_taken_up_where_it_ended(
    cluster: tuple[str, psutil.Process], archive: Path, tmp_path: Path
) -> None:
    address, head = cluster
    results = tmp_path / "results"
    with start(archive, results, address) as driver:
        wait_until(lambda: len(list(results.glob("*.jsonl"))) > 2, "results", START_S)
        driver.kill()
    # Ray ends the work of a driver that is gone.
    wait_until(lambda: not writers(head), "the workers' end", START_S)
    before = {path: path.stat().st_mtime_ns for path in results.glob("*.jsonl")}
    assert 2 < len(before) < VIDEOS
    with start(archive, results, address) as again:
        told = [json.loads(text) for text in again.communicate(timeout=START_S)[0].splitlines()]
    assert again.returncode == 0
    assert told[-1]["summary"]["there_already"] == len(before)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    check(archive, results)


def test_a_cluster_that_is_not_there_is_said(archive: Path, tmp_path: Path) -> None:
    words = ["detect", str(archive), "--results", str(tmp_path), "--ray", "127.0.0.1:1"]
    ended = subprocess.run(
        [*EDGESERVE, *words], capture_output=True, text=True, timeout=START_S, check=False
    )
    assert ended.returncode == 3
    assert ended.stderr.splitlines()[-1].startswith("edgeserve: no Ray cluster answers at")
