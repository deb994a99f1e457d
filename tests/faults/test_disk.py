"""Disks that are full or read-only: detections go on."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.observed import Observation
from tests.faults.traffic import Traffic
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Disk, Start
    from tests.faults.server import Server

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

CONFIG = """
[[camera]]
name = "street"
url = "sample"
fps = 10

[jsonl]
jsonl_path = "{folder}/results.jsonl"
"""


def configured(tmp_path: Path, results: Path) -> tuple[str, str]:
    config = tmp_path / "edgeserve.toml"
    config.write_text(CONFIG.format(folder=results))
    return "--config", str(config)


def written(server: Server) -> float:
    return server.metric("edgeserve_sink_delivered_total", sink="jsonl")


def lose_results(server: Server, seen: Observation, disk: Disk, *, read_only: bool) -> None:
    """Wait for results to be lost, make the disk good, wait for them to be written."""
    with Traffic(server.address) as traffic:
        traffic.wait_for()
        wait_until(lambda: server.metric("edgeserve_sink_failed_total", sink="jsonl") > 0, "a loss")
        traffic.wait_for()
        good_s, before = time.monotonic(), written(server)
        if read_only:
            disk.read_only(on=False)
        else:
            disk.free()
        wait_until(lambda: written(server) > before, "results to be written again")
        seen.recovered("results are written again", time.monotonic() - good_s)
        traffic.end()
        assert traffic.faults() == []
        seen.saw("detections: all OK; lines are missing in the file, whole ones")
    lines = (disk.folder / "results.jsonl").read_bytes().splitlines()
    assert all(line.startswith(b"{") and line.endswith(b"}") for line in lines)


def test_results_on_a_full_disk_are_lost_and_counted_until_there_is_room(
    start: Start, disk: Disk, tmp_path: Path
) -> None:
    server = start(*configured(tmp_path, disk.folder))
    wait_until(lambda: written(server) > 0, "a result")
    with Observation("disk of the results full (JSON lines)", server) as seen:
        disk.fill()
        lose_results(server, seen, disk, read_only=False)


def test_results_on_a_read_only_disk_are_lost_and_counted_until_it_is_writable(
    start: Start, disk: Disk, tmp_path: Path
) -> None:
    disk.read_only()
    server = start(*configured(tmp_path, disk.folder))
    with Observation("disk of the results read-only (JSON lines)", server) as seen:
        lose_results(server, seen, disk, read_only=True)


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_without_a_cache_models_load_and_serve(start: Start, disk: Disk, how: str) -> None:
    if how == "full":
        disk.fill()
    else:
        disk.read_only()
    server = start("--cache-dir", str(disk.folder / "cache"))
    name = f"disk of the cache {how}, at the start"
    with Observation(name, server, from_start=True) as seen:
        with Traffic(server.address) as traffic:
            traffic.wait_for()
        assert traffic.faults() == []
        assert any("no compile cache" in line for line in server.complaints())
        seen.saw("detections: all OK")
        assert server.terminate() == 0
        seen.recovered("nothing to recover: models load slower")


def test_a_full_disk_for_the_log_stops_nothing(start: Start, disk: Disk, tmp_path: Path) -> None:
    log = disk.folder / "server.log"
    server = start(*configured(tmp_path, tmp_path), log=log)
    with Observation("disk of the log full (standard error)", server) as seen:
        disk.fill()
        with Traffic(server.address) as traffic:
            traffic.wait_for()
            size = disk.round_up(log)
            for _ in range(3):  # each writes a line
                server.signal(signal.SIGHUP)
                traffic.wait_for(10)
            assert log.stat().st_size == size, "the disk was not full"
            disk.free()
            freed_s = time.monotonic()
            server.signal(signal.SIGHUP)
            wait_until(lambda: log.stat().st_size > size, "lines in the log")
            seen.recovered("lines are written again", time.monotonic() - freed_s)
        assert traffic.faults() == []
        # Not a word of Python's own about the lines that were lost.
        assert not any("Logging error" in line for line in server.complaints())
        seen.saw("detections: all OK")


def test_a_read_only_disk_for_the_log_stops_nothing(
    start: Start, disk: Disk, tmp_path: Path
) -> None:
    log = disk.folder / "server.log"
    log.touch()
    disk.read_only()
    server = start(*configured(tmp_path, tmp_path), log=log)
    with Observation("disk of the log read-only, at the start", server) as seen:
        with Traffic(server.address) as traffic:
            traffic.wait_for()
            server.signal(signal.SIGHUP)  # writes a line
            traffic.wait_for(10)
        assert traffic.faults() == []
        assert server.terminate() == 0
        assert not log.stat().st_size
        seen.saw("detections: all OK; exit code 0")
        seen.recovered("nothing to recover")


def test_a_log_that_stays_full_does_not_spoil_the_exit_code(
    start: Start, disk: Disk, tmp_path: Path
) -> None:
    server = start(*configured(tmp_path, tmp_path), log=disk.folder / "server.log")
    with Observation("disk of the log full, SIGTERM", server) as seen:
        disk.fill()
        disk.round_up(server.log)
        server.signal(signal.SIGHUP)
        assert server.terminate() == 0
        seen.saw("exit code 0")
        seen.recovered("nothing to recover")
