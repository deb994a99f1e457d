"""What a process takes of its machine, looked at now and then."""

from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from edgeserve.tooling.bench.process import cpu_seconds

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

PERIOD_S = 2.0


class Vitals(NamedTuple):
    """One look.

    Attributes:
        at_s: seconds after the begin of the run.
        pss_mb: memory, in 1e6 bytes; of pages that n processes share one n-th.
        own_mb: of it what is shared with nobody: another server that starts or ends beside this
            one changes the rest.
        fds: open file descriptors.
        threads: of the process.
        cpu_s: processor time so far.
    """

    at_s: float
    pss_mb: float
    own_mb: float
    fds: int
    threads: int
    cpu_s: float


class Sampler:
    """Looks at a process from a thread of its own until the context ends."""

    def __init__(self, pid: int, began_s: float) -> None:
        """Look at `pid`; `began_s` is the begin of the run on the monotonic clock."""
        self.taken: list[Vitals] = []
        self._pid = pid
        self._began_s = began_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vitals")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(PERIOD_S):
            self.taken.append(look_at(self._pid, self._began_s))


def look_at(pid: int, began_s: float) -> Vitals:
    """Look at a process now; `began_s` is the begin of the run on the monotonic clock."""
    return Vitals(
        time.monotonic() - began_s,
        *_memory_mb(pid),
        len(os.listdir(f"/proc/{pid}/fd")),  # noqa: PTH208 - a count, not paths
        len(list(Path(f"/proc/{pid}/task").iterdir())),
        cpu_seconds(pid),
    )


def _memory_mb(pid: int) -> tuple[float, float]:
    """The proportional set size, and its anonymous part (proc(5))."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    found = dict(re.findall(r"^(Pss|Pss_Anon):\s+(\d+) kB", rollup, re.MULTILINE))
    return int(found["Pss"]) * 1024 / 1e6, int(found["Pss_Anon"]) * 1024 / 1e6
