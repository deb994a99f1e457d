"""Watches a target's runs: how long each takes, and the memory of the process."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_WARM = 2_000
"""Inputs after which memory should grow no more."""
_TOLD_S = 0.5
_PAGE_KIB = 4


@dataclass
class Watch:
    """What was seen so far.

    Attributes:
        inputs: run.
        slowest_s: processor time of the slowest input: another process does not count.
        warm_mib: resident memory after some thousand inputs.
        mib: resident memory now.
    """

    inputs: int = 0
    slowest_s: float = 0.0
    warm_mib: float = 0.0
    mib: float = 0.0


class Watched:
    """A target's function that is watched."""

    def __init__(self, run: Callable[[bytes], None], report: Path, longest_s: float) -> None:
        """Watch; write what was seen to `report`, raise where an input takes longer."""
        self._run = run
        self._report = report
        self._longest_s = longest_s
        self._watch = Watch()
        self._told = 0.0

    def __call__(self, data: bytes) -> None:
        began = time.thread_time()
        self._run(data)
        took_s = time.thread_time() - began
        watch = self._watch
        watch.inputs += 1
        watch.slowest_s = max(watch.slowest_s, took_s)
        now = time.monotonic()
        if now - self._told > _TOLD_S:
            self._told = now
            self.tell()
        if took_s > self._longest_s:
            self.tell()
            text = f"this input takes {took_s:.2f} s"
            raise TimeoutError(text)

    def tell(self) -> None:
        """Write what was seen."""
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        self._watch.mib = pages * _PAGE_KIB / 1024
        if self._watch.inputs <= _WARM:
            self._watch.warm_mib = self._watch.mib
        self._report.write_text(json.dumps(asdict(self._watch)), encoding="ascii")
