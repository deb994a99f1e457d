"""Signals under load: SIGTERM, SIGKILL, and a process that stands still."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.observed import Observation
from tests.faults.sigterm import terminate_often
from tests.faults.traffic import Traffic

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Start

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
STOP_S = float(os.environ.get("EDGESERVE_FAULT_STOP_S", "20"))
"""How long the process stands still; longer than the two time-outs that are set for it."""
TIMES = 3


def test_sigterm_under_full_load_answers_all_that_was_read(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "often"
    folder.mkdir()
    server = start()
    with Observation(f"SIGTERM under full load, {TIMES} times", server) as seen:
        faults, took_s, good = terminate_often(folder, TIMES, clients=4)
        assert faults == []
        seen.saw(f"4 streams without a pause: {good} x OK, nothing lost or doubled")
        seen.recovered(f"SIGTERM to exit in at most {max(took_s):.1f} s; streams resume")


def test_a_killed_server_loses_nothing_of_a_resuming_client(start: Start) -> None:
    server = start()
    with Traffic(server.address, fps=0) as traffic:
        traffic.wait_for(20)
        with Observation("kill -9 of the server under full load", server) as seen:
            server.kill()
            killed_s = time.monotonic()
            server.start()
            traffic.wait_for(20)
            traffic.end()
            assert traffic.faults() == []
            seen.saw_answers(traffic.answers)
            seen.saw("nothing lost or doubled")
            seen.recovered("results, from the kill on,", traffic.first_after(killed_s))


def test_a_process_that_stood_still_goes_on(start: Start) -> None:
    # Together shorter than the stop: nothing hung while nothing could run.
    server = start("--inference-timeout", "5", "--inference-grace", "5", "--write-timeout", "5")
    with Traffic(server.address, fps=0) as traffic:
        traffic.wait_for(20)
        with Observation(f"SIGSTOP for {STOP_S:.0f} s under full load, SIGCONT", server) as seen:
            server.signal(signal.SIGSTOP)
            stopped_s = time.monotonic()
            time.sleep(STOP_S)
            server.signal(signal.SIGCONT)
            on_s = time.monotonic()
            traffic.wait_for(50)
            traffic.end()
            assert server.process.poll() is None
            assert traffic.faults() == []
            seen.saw_answers(traffic.answers)
            silence_s = traffic.silence_s(stopped_s)
            seen.saw(f"nothing lost or doubled; longest silence {silence_s:.1f} s")
            seen.recovered("results", traffic.first_after(on_s))
