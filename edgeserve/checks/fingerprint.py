"""What the outcome of a check depends on."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeserve.domain.status import DeviceStatus, EngineStatus

_CPU_INFO = Path("/proc/cpuinfo")
_CPU_FACTS = {"model name", "flags", "Features", "CPU implementer", "CPU part"}
CAPS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
"""Variables that keep a runtime from instructions that the CPU has."""


def fingerprint(
    manifest: str, precision: str, status: EngineStatus, device: DeviceStatus | None
) -> str:
    """A name for a model's form on a device of this machine, as it is now.

    Args:
        manifest: text of the manifest, with the checksums of all files.
        precision: of the form.
        status: the engine that was chosen for it.
        device: its runtime's version and its own description; None if the runtime lists no device
            of that name.

    Returns:
        64 hexadecimal digits.
    """
    facts = {
        "program": metadata.version("edgeserve"),
        "manifest": manifest,
        "precision": precision,
        "engine": [status.chosen, status.precision],
        "device": [device.runtime_version, device.description] if device else [],
        "cpu": cpu_facts(),
        "caps": {name: os.environ.get(name, "") for name in CAPS},
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def cpu_facts(path: Path = _CPU_INFO) -> list[str]:
    """Kind and instructions of the first core, and the architecture."""
    try:
        first, _, _ = path.read_text(encoding="utf-8", errors="replace").partition("\n\n")
    except OSError:
        first = ""
    lines = (line for line in first.splitlines() if line.partition(":")[0].strip() in _CPU_FACTS)
    return [platform.machine(), *lines]
