"""How many cores this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def available_cpus(quota: Path = _QUOTA) -> int:
    """Cores by affinity and by the cgroup's quota, at least 1.

    A container with half a host sees all of the host's cores: threads by that count would only
    throttle each other.
    """
    cores = len(os.sched_getaffinity(0))
    try:
        limit, period = quota.read_text(encoding="ascii").split()
        cores = min(cores, math.ceil(int(limit) / int(period)))
    except (OSError, ValueError):
        pass  # no cgroup v2, or "max": no quota
    return max(1, cores)
