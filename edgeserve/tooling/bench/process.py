"""What the kernel says of a process (Linux, proc(5))."""

from __future__ import annotations

import os
import re
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_USER_FIELD, _SYSTEM_FIELD = 11, 12
"""Of /proc/PID/stat, counted from the state behind the name in parentheses."""


def cpu_seconds(pid: int) -> float:
    """Processor time that a process and its threads have used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[_USER_FIELD]) + int(fields[_SYSTEM_FIELD])) / _TICKS_PER_S


def pss_mb(pid: int) -> float:
    """Proportional set size in MB (1e6 bytes): pages shared by n processes count 1/n."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    match = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(match[1]) * 1024 / 1e6 if match else float("nan")


def machine() -> str:
    """The processor's name and the cores that this process may use."""
    names = re.findall(
        r"^model name\s*: (.*)$",
        Path("/proc/cpuinfo").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    return f"{names[0] if names else os.uname().machine}, {len(os.sched_getaffinity(0))} cores"
