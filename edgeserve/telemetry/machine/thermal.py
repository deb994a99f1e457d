"""Temperatures of the kernel's thermal zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.telemetry.machine.reading import Reading, number_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MILLI = 1e-3
_SENSIBLE_C = (-55.0, 200.0)
"""Zones without a sensor say 0 K or -274 °C, or what their register held."""


def read_thermal(sysfs: Path) -> Iterator[Reading]:
    """One value a zone that has a sensor."""
    for zone in sorted(sysfs.glob("class/thermal/thermal_zone*")):
        milli_c = number_of(zone / "temp")
        low_c, high_c = _SENSIBLE_C
        if milli_c is not None and low_c < milli_c * _MILLI < high_c:
            kind = text_of(zone / "type") or ""
            yield Reading("temperature_celsius", (kind, zone.name), milli_c * _MILLI)
