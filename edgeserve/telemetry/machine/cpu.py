"""Frequencies of the processor, and how often heat held it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.telemetry.machine.reading import Reading, number_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KILO = 1e3


def read_cpu(sysfs: Path) -> Iterator[Reading]:
    """A frequency for each group of cores that share one, a count for each core and package."""
    cpus = sysfs / "devices" / "system" / "cpu"
    for policy in sorted(cpus.glob("cpufreq/policy*")):
        number = (policy.name.removeprefix("policy"),)
        now_khz = number_of(policy / "scaling_cur_freq")
        most_khz = number_of(policy / "cpuinfo_max_freq")
        if now_khz is not None:
            yield Reading("cpu_frequency_hertz", number, now_khz * _KILO)
        if most_khz is not None:
            yield Reading("cpu_frequency_max_hertz", number, most_khz * _KILO)
    yield from _throttles(cpus)


def _throttles(cpus: Path) -> Iterator[Reading]:
    """Threads of a core show the same count, as do the cores of a package: each is told once."""
    told: dict[tuple[str, ...], Reading] = {}
    for folder in cpus.glob("cpu[0-9]*/thermal_throttle"):
        topology = folder.parent / "topology"
        package = text_of(topology / "physical_package_id") or "0"
        core = text_of(topology / "core_id") or folder.parent.name.removeprefix("cpu")
        for scope, labels in (("core", (package, core)), ("package", (package,))):
            count = number_of(folder / f"{scope}_throttle_count")
            if count is not None:
                told[(scope, *labels)] = Reading(f"cpu_{scope}_throttles", labels, count)
    yield from (told[key] for key in sorted(told))
