"""The cores of this process: how many it may use, and how its threads take turns on them."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path("/")


def available_cpus(root: Path = _ROOT) -> int:
    """Cores by affinity and by the quotas of the process's own cgroups, at least 1.

    A container with half a host sees all of the host's cores: threads by that count would only
    throttle each other. A quota binds everything below it, so the least on the way up counts.

    Args:
        root: of the file system; tests bring their own.
    """
    limits = [len(os.sched_getaffinity(0)), *_quotas(root)]
    return max(1, min(limits))


def let_work_run_on() -> None:
    """Have no thread that wakes take its core from one that works (SCHED_BATCH).

    The threads that read and write wake several times for each frame: at once, they would stop an
    inference in its middle and take its caches; a turn later, they find more to do at a time.
    Threads inherit it: to be called before there are any. Whoever starts the process under another
    policy (chrt, systemd's CPUSchedulingPolicy=) knows better.
    """
    # A sandbox may forbid it; the server works without it.
    with suppress(OSError):
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _quotas(root: Path) -> Iterator[int]:
    """Cores that each cgroup from the process's own up to the topmost grants."""
    mounts = root / "sys" / "fs" / "cgroup"
    for line in _read(root / "proc" / "self" / "cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            for folder in (mounts, mounts / "unified"):
                for group in _upwards(folder, path):
                    yield from _cores(*_read(group / "cpu.max").split())
        elif "cpu" in controllers.split(","):
            # Mounted under the names of its controllers, or by distributions as plain `cpu`.
            for folder in (mounts / controllers, mounts / "cpu"):
                for group in _upwards(folder, path):
                    quota = _read(group / "cpu.cfs_quota_us").strip()
                    yield from _cores(quota, _read(group / "cpu.cfs_period_us").strip())


def _upwards(mount: Path, path: str) -> Iterator[Path]:
    """A cgroup's folder and those above it.

    Inside a container the path may be the host's, which is not there, while the mount itself is
    the container's cgroup: what is not there is passed over by the reader.
    """
    parts = [part for part in path.split("/") if part not in {"", ".."}]
    for depth in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:depth])


def _cores(*words: str) -> Iterator[int]:
    try:
        quota_us, period_us = (int(word) for word in words)
    except ValueError:
        return  # "max", or no such file: no quota
    if quota_us > 0 and period_us > 0:  # v1 says -1 for none
        yield math.ceil(quota_us / period_us)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
