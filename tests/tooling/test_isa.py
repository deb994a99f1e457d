"""Work in a process of its own, under a cap on the CPU's instructions."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from edgeserve.domain.errors import NotAvailableError
from edgeserve.tooling.isa import WITHOUT_VNNI, call_under

if TYPE_CHECKING:
    from pathlib import Path


def test_the_cap_is_seen_there_and_not_here() -> None:
    assert call_under(WITHOUT_VNNI, os.getenv, "ONEDNN_MAX_CPU_ISA") == WITHOUT_VNNI
    assert "ONEDNN_MAX_CPU_ISA" not in os.environ


def test_a_process_that_is_killed_is_told_of() -> None:
    with pytest.raises(NotAvailableError, match="was killed"):
        call_under(WITHOUT_VNNI, os._exit, 9)


def test_ctrl_c_does_not_wait_for_the_work(tmp_path: Path) -> None:
    program, begun = tmp_path / "program.py", tmp_path / "begun"
    # Longer than the test may take.
    program.write_text(f"import time; open({str(begun)!r}, 'w').close(); time.sleep(3600)")
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        while not begun.exists():
            time.sleep(0.01)
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        call_under(WITHOUT_VNNI, runpy.run_path, str(program))
    thread.join()
    assert not multiprocessing.active_children()
