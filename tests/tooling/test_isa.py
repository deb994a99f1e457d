"""Work in a process of its own, under a cap on the CPU's instructions."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time

import pytest

from edgeserve.domain.errors import NotAvailableError
from edgeserve.tooling.isa import WITHOUT_VNNI, call_under


def test_the_cap_is_seen_there_and_not_here() -> None:
    assert call_under(WITHOUT_VNNI, os.getenv, "ONEDNN_MAX_CPU_ISA") == WITHOUT_VNNI
    assert "ONEDNN_MAX_CPU_ISA" not in os.environ


def test_a_process_that_is_killed_is_told_of() -> None:
    with pytest.raises(NotAvailableError, match="was killed"):
        call_under(WITHOUT_VNNI, os._exit, 9)


def test_ctrl_c_does_not_wait_for_the_work() -> None:
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        while not multiprocessing.active_children():
            time.sleep(0.01)
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        # Longer than the test may take.
        call_under(WITHOUT_VNNI, time.sleep, 3600)
    thread.join()
    assert not multiprocessing.active_children()
