"""What the speed of a model depends on, in words, read without loading any runtime."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.checks.fingerprint import CAPS, cpu_facts
from edgeserve.engines.distributions import onnxruntime_distributions
from edgeserve.process.cpus import available_cpus

if TYPE_CHECKING:
    from collections.abc import Iterator

_SYSTEM = Path("/sys/class")
_ACCELERATORS = ("drm/card[0-9]", "accel/accel[0-9]")
_ENGINES = "edgeserve.engines"


def facts(manifest: str, system: Path = _SYSTEM) -> dict[str, str]:
    """Facts by name.

    Args:
        manifest: text of the model's manifest, with the checksums of all files.
        system: where the kernel lists its devices.
    """
    architecture, *lines = cpu_facts()
    named = dict(line.split(":", 1) for line in lines if ":" in line)
    cpu = {name.strip(): value.strip() for name, value in named.items()}
    instructions = cpu.pop("flags", "") or cpu.pop("Features", "")
    caps = [f"{name}={os.environ[name]}" for name in CAPS if os.environ.get(name)]
    return {
        "cpu": " ".join([architecture, *cpu.values()]),
        "instructions": _digest(" ".join(sorted(instructions.split()))),
        "cap": " ".join(caps) or "none",
        "cores": str(available_cpus()),
        "accelerators": ", ".join(_accelerators(system)) or "none",
        "versions": ", ".join(sorted(_versions())),
        "bundle": _digest(manifest),
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _accelerators(system: Path) -> Iterator[str]:
    """PCI numbers of GPUs and NPUs, and the board where they are part of it, as on a Jetson."""
    for pattern in _ACCELERATORS:
        for folder in sorted(system.glob(pattern)):
            numbers = [_text(folder / "device" / name) for name in ("vendor", "device")]
            if all(numbers):
                yield ":".join(numbers)
    board = _text(Path("/proc/device-tree/model"))
    if board:
        yield board


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return ""


def _versions() -> Iterator[str]:
    """Of this program, the runtimes, and what plug-ins bring others."""
    yield from (f"{name} {version}" for name, version in onnxruntime_distributions().items())
    names = {"openvino", "edgeserve"}
    names |= {point.dist.name for point in metadata.entry_points(group=_ENGINES) if point.dist}
    for name in names:
        with suppress(metadata.PackageNotFoundError):
            yield f"{name} {metadata.version(name)}"
