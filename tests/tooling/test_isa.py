"""Work in a process of its own, under a cap on the CPU's instructions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from edgeserve.domain.errors import NotAvailableError
from edgeserve.tooling.isa import WITHOUT_VNNI, call_under

if TYPE_CHECKING:
    from pathlib import Path

_PROGRAM = """
import signal, sys, time
from edgeserve.tooling.isa import call_under

def work():
    print("begun", flush=True)
    time.sleep(3600)  # longer than the test may take

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        call_under("AVX2", work)
    except KeyboardInterrupt:
        sys.exit(7)
"""


def test_the_cap_is_seen_there_and_not_here() -> None:
    assert call_under(WITHOUT_VNNI, os.getenv, "ONEDNN_MAX_CPU_ISA") == WITHOUT_VNNI
    assert "ONEDNN_MAX_CPU_ISA" not in os.environ


def test_what_the_work_raises_comes_back() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        call_under(WITHOUT_VNNI, int, "seven")


def test_a_process_that_is_killed_is_told_of() -> None:
    with pytest.raises(NotAvailableError, match="was killed"):
        call_under(WITHOUT_VNNI, os._exit, 9)


def test_ctrl_c_does_not_wait_for_the_work(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM)
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 7
            # The pipe ends only when the worker has, too.
            assert process.stdout.read() == b""
        finally:
            process.kill()
