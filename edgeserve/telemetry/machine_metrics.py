"""The Prometheus metrics of the machine: temperatures, frequencies, throttling, GPUs.

What a machine does not tell has no series: a dashboard then shows nothing, and no made-up zero.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from edgeserve.telemetry.machine.cpu import read_cpu
from edgeserve.telemetry.machine.gpu import read_gpu
from edgeserve.telemetry.machine.nvidia import NvidiaGpus
from edgeserve.telemetry.machine.raspberry_pi import read_raspberry_pi
from edgeserve.telemetry.machine.thermal import read_thermal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

    from edgeserve.telemetry.machine.reading import Reading

GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "temperature_celsius": ("Temperature of a sensor", ("sensor", "zone")),
    "cpu_frequency_hertz": (
        "Frequency now of a group of cores, by its first",
        ("cpu",),
    ),
    "cpu_frequency_max_hertz": ("Highest frequency that the hardware has", ("cpu",)),
    "gpu_load_ratio": ("Share of the time in which a GPU works", ("gpu",)),
    "gpu_frequency_hertz": ("Frequency now of a GPU", ("gpu",)),
    "gpu_frequency_max_hertz": ("Highest frequency of a GPU", ("gpu",)),
    "gpu_memory_used_bytes": ("Memory in use on a GPU, by all programs", ("gpu",)),
    "gpu_memory_bytes": ("Memory of a GPU", ("gpu",)),
    "throttled": ("Whether a device is held back now, by reason", ("device", "reason")),
    "throttled_since_boot": (
        "Whether a device was held back since the machine was started, by reason",
        ("device", "reason"),
    ),
}
COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "cpu_core_throttles": ("Times that heat held a core back", ("package", "core")),
    "cpu_package_throttles": ("Times that heat held a whole processor back", ("package",)),
}


class MachineMetrics(Collector):
    """Reads the machine when somebody looks."""

    def __init__(self, registry: CollectorRegistry, sysfs: Path = Path("/sys")) -> None:
        """Show the machine from now on.

        Args:
            registry: to show it in.
            sysfs: where the kernel's files are.
        """
        self._sysfs = sysfs
        self._nvidia = NvidiaGpus()
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """A family for each kind of value that the machine tells."""
        families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
        for reading in self._readings():
            family = families.get(reading.metric)
            if family is None:
                family = families[reading.metric] = _family(reading.metric)
            family.add_metric(reading.labels, reading.value)
        yield from families.values()

    def _readings(self) -> Iterator[Reading]:
        yield from read_thermal(self._sysfs)
        yield from read_cpu(self._sysfs)
        yield from read_raspberry_pi(self._sysfs)
        yield from read_gpu(self._sysfs)
        yield from self._nvidia.read()


def _family(metric: str) -> GaugeMetricFamily | CounterMetricFamily:
    name = f"edgeserve_{metric}"
    if metric in GAUGES:
        text, labels = GAUGES[metric]
        return GaugeMetricFamily(name, text, labels=labels)
    text, labels = COUNTERS[metric]
    return CounterMetricFamily(name, text, labels=labels)
