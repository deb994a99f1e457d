"""What this machine lacks to serve, in sentences with the command that brings it."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from edgeserve.domain.status import DeviceStatus

_PARTS = ("aiohttp", "cv2", "grpc_health", "grpc_reflection", "prometheus_client", "simplejpeg")
"""Modules that a server needs beside a runtime."""
_DEVICES = Path("/dev")


def missing(
    devices: Sequence[DeviceStatus],
    folder: Path = _DEVICES,
    has: Callable[[str], object] = find_spec,
) -> Iterator[str]:
    """What keeps a server from starting here, or from reading a camera that is plugged in.

    Args:
        devices: of this machine.
        folder: where Linux shows cameras.
        has: whether a module is installed.
    """
    absent = [part for part in _PARTS if not has(part)]
    if absent:
        yield (
            f"no server can start: {', '.join(absent)} not installed; "
            "install its parts with: pip install 'edgeserve[server]'"
        )
    if not any(device.available for device in devices):
        yield "no device here can run a model; the table says why, and what to do"
    closed = [str(path) for path in sorted(folder.glob("video*")) if not os.access(path, os.R_OK)]
    if closed:
        yield (
            f"{', '.join(closed)} may not be read by this user: usermod -aG video USER, then log "
            "in anew"
        )
