"""What Ctrl-C and SIGTERM do to a command.

Python's own answer is a KeyboardInterrupt in the main thread, which is not enough to end a program
in every case: a signal that comes just as the main thread goes to sleep on a lock is not seen
until the lock is given, which may be never, and one that strikes in a callback of the import
system is printed and forgotten. So a thread of its own waits for signals and ends the process. A
command holds nothing that the kernel does not take back, but for the processes that it started;
they are stopped first.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    # This is loaded before all else, and `typing` takes its time.
    import subprocess
    from collections.abc import Callable
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_STOP_S = 30.0
"""For a process that was asked to stop."""

_running: list[subprocess.Popen[str]] = []
_starting = threading.Lock()
"""Held while a process starts: it must be in `_running` before those are stopped."""
_starters: set[int] = set()
"""Threads that hold that lock or want it."""
_asked = threading.Event()


def end_by_signals() -> None:
    """From now on SIGINT and SIGTERM end the process, with exit code 130 or 143.

    A signal that is ignored (SIGINT, in a shell's background job) stays ignored. An event loop
    with signal handlers of its own takes the signals over.
    """
    reader_fd, writer_fd = os.pipe()
    os.set_blocking(writer_fd, False)
    threading.Thread(target=_wait, args=(reader_fd,), daemon=True).start()
    signal.set_wakeup_fd(writer_fd, warn_on_full_buffer=False)
    _handle(_in_main_thread)


def unwind_by_signals() -> None:
    """From now on SIGINT and SIGTERM raise KeyboardInterrupt: for work that cleans up after it."""
    signal.set_wakeup_fd(-1)
    _handle(signal.default_int_handler)


def start_process(start: Callable[[], subprocess.Popen[str]]) -> subprocess.Popen[str]:
    """Start a process that a signal stops before it ends this one."""
    thread = threading.get_ident()
    _starters.add(thread)
    try:
        with _starting:
            process = start()
            _running.append(process)
    finally:
        _starters.discard(thread)
    if _asked.is_set():
        _stand_still()
    return process


def forget_process(process: subprocess.Popen[str]) -> None:
    """Signals need not care for this process any more."""
    with suppress(ValueError):
        _running.remove(process)


def _handle(handler: Callable[[int, FrameType | None], object]) -> None:
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _in_main_thread(_number: int, _frame: FrameType | None) -> None:
    """Keep the command from going on, and from telling that what it started has stopped."""
    _asked.set()
    if threading.get_ident() not in _starters:
        _stand_still()


def _stand_still() -> None:
    while True:
        signal.pause()


def _wait(reader_fd: int) -> None:
    number = _next(reader_fd)
    threading.Thread(target=_end, args=(number,), daemon=True).start()
    # A second signal does not wait for anything.
    os._exit(128 + _next(reader_fd))


def _next(reader_fd: int) -> int:
    while True:
        (number,) = os.read(reader_fd, 1)
        if number in _SIGNALS:
            return number


def _end(number: int) -> None:
    with _starting:
        for process in _running:
            _stop(process.pid)
        os._exit(128 + number)


def _stop(pid: int) -> None:
    # Not by Popen's methods: the main thread may stand still with its lock.
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGTERM)
        deadline_s = time.monotonic() + _STOP_S
        while time.monotonic() < deadline_s:
            if os.waitpid(pid, os.WNOHANG)[0]:
                return
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
