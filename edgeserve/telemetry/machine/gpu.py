"""Graphics processors as the kernel shows them: Intel, AMD, and those of Jetson and ARM boards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgeserve.telemetry.machine.reading import Reading, number_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MEGA = 1e6
_CARD = re.compile(r"card\d+")
_INTEL_FILES = (
    ("gt_act_freq_mhz", "gt_RP0_freq_mhz"),
    ("device/tile0/gt0/freq0/act_freq", "device/tile0/gt0/freq0/rp0_freq"),
)
"""Frequency now and at most, in MHz: of the older driver (i915) and of the newer one (xe)."""
_REASON = "throttle_reason_"
_EMBEDDED = ("gpu", "mali", "gm20b", "gp10b", "gv11b", "ga10b", "gb10b")
"""How the names of graphics processors end among the devices that change their frequency."""
_PER_MILLE = 1e-3


def read_gpu(sysfs: Path) -> Iterator[Reading]:
    """Load, frequency and what holds it back, as far as the driver tells."""
    for card in sorted(sysfs.glob("class/drm/card*")):
        if _CARD.fullmatch(card.name):
            yield from _card(card)
    for device in sorted(sysfs.glob("class/devfreq/*")):
        if device.name.endswith(_EMBEDDED):
            yield from _embedded(device)


def _card(card: Path) -> Iterator[Reading]:
    gpu = (card.name,)
    for now, most in _INTEL_FILES:
        yield from _value("gpu_frequency_hertz", gpu, card / now, _MEGA)
        yield from _value("gpu_frequency_max_hertz", gpu, card / most, _MEGA)
    yield from _value("gpu_load_ratio", gpu, card / "device" / "gpu_busy_percent", 0.01)
    for path in sorted(card.glob(f"gt/gt0/{_REASON}*")):
        reason = path.name.removeprefix(_REASON)
        if reason != "status":  # any of the others
            yield from _value("throttled", (card.name, reason), path, 1)


def _embedded(device: Path) -> Iterator[Reading]:
    gpu = (device.name,)
    yield from _value("gpu_frequency_hertz", gpu, device / "cur_freq", 1)
    yield from _value("gpu_frequency_max_hertz", gpu, device / "max_freq", 1)
    yield from _value("gpu_load_ratio", gpu, device / "device" / "load", _PER_MILLE)


def _value(metric: str, labels: tuple[str, ...], path: Path, unit: float) -> Iterator[Reading]:
    number = number_of(path)
    if number is not None:
        yield Reading(metric, labels, number * unit)
