"""What a Raspberry Pi's firmware says of its power supply and its heat."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from edgeserve.telemetry.machine.reading import Reading, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DEVICE = "raspberry-pi"
_REASONS = ("under_voltage", "frequency_capped", "throttled", "soft_temperature_limit")
"""Bits 0 to 3: now. The same 16 bits further up: since the machine was started."""
_SINCE_BOOT = 16
_FILE = "devices/platform/soc*/soc*firmware/get_throttled"
_TIMEOUT_S = 2.0


def read_raspberry_pi(sysfs: Path) -> Iterator[Reading]:
    """A flag for each reason, now and since the machine was started."""
    text = next((text_of(path) for path in sysfs.glob(_FILE)), None)
    # The file is hexadecimal; the command says throttled=0x50005.
    text = _ask_firmware() if text is None else text
    try:
        flags = int(text.rpartition("=")[2], 16)
    except ValueError:
        return
    for bit, reason in enumerate(_REASONS):
        labels = (_DEVICE, reason)
        yield Reading("throttled", labels, flags >> bit & 1)
        yield Reading("throttled_since_boot", labels, flags >> (bit + _SINCE_BOOT) & 1)


def _ask_firmware() -> str:
    command = shutil.which("vcgencmd")
    if command is None:
        return ""
    try:
        return subprocess.run(  # noqa: S603 - the system's own program
            [command, "get_throttled"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
