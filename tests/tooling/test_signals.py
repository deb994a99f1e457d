"""What Ctrl-C does to a command that holds processes of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

PROGRAM = """
import os, signal, subprocess
from edgeserve.tooling.signals import end_by_signals, start_process

# A shell's job in the background ignores Ctrl-C, and so does what it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
end_by_signals()
# It says when it was asked to stop, and takes its time.
child = start_process(lambda: subprocess.Popen(
    ["sh", "-c", "trap 'echo asked; sleep 1; exit' TERM; echo up; while :; do sleep 0.05; done"],
    stdout=subprocess.PIPE, text=True, start_new_session=True,
))
assert child.stdout.readline() == "up\\n"
# From here on another thread gets the signal: this one sees it only when its call returns.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
print("ready", flush=True)
os.read(child.stdout.fileno(), 1)
print("went on", flush=True)
"""


def test_a_command_stands_still_while_its_processes_are_stopped() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        program.send_signal(signal.SIGINT)
        said, _ = program.communicate(timeout=60)
    assert (said, program.returncode) == ("", 130)
