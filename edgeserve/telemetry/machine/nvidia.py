"""NVIDIA's graphics processors, by NVML: where its Python module (nvidia-ml-py) is installed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from edgeserve.telemetry.machine.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MEGA = 1e6
_REASONS = {
    "power_cap": "nvmlClocksThrottleReasonSwPowerCap",
    "power_brake": "nvmlClocksThrottleReasonHwPowerBrakeSlowdown",
    "thermal_software": "nvmlClocksThrottleReasonSwThermalSlowdown",
    "thermal_hardware": "nvmlClocksThrottleReasonHwThermalSlowdown",
}


class NvidiaGpus:
    """Asks the driver; without module, library or device there is nothing to tell."""

    def __init__(self) -> None:
        """Open the library, if it is there."""
        self._nvml: Any = None
        self._gpus: dict[str, Any] = {}
        try:
            nvml = importlib.import_module("pynvml")
        except ImportError:
            return
        try:
            nvml.nvmlInit()
            count = nvml.nvmlDeviceGetCount()
            self._gpus = {f"nvidia{n}": nvml.nvmlDeviceGetHandleByIndex(n) for n in range(count)}
        except nvml.NVMLError:  # no driver
            return
        self._nvml = nvml

    def read(self) -> Iterator[Reading]:
        """The values of each device."""
        nvml = self._nvml
        for name, gpu in self._gpus.items():
            use = self._ask(nvml.nvmlDeviceGetUtilizationRates, gpu)
            memory = self._ask(nvml.nvmlDeviceGetMemoryInfo, gpu)
            now_mhz = self._ask(nvml.nvmlDeviceGetClockInfo, gpu, nvml.NVML_CLOCK_SM)
            most_mhz = self._ask(nvml.nvmlDeviceGetMaxClockInfo, gpu, nvml.NVML_CLOCK_SM)
            heat_c = self._ask(nvml.nvmlDeviceGetTemperature, gpu, nvml.NVML_TEMPERATURE_GPU)
            flags = self._ask(nvml.nvmlDeviceGetCurrentClocksThrottleReasons, gpu)
            if use is not None:
                yield Reading("gpu_load_ratio", (name,), use.gpu / 100)
            if memory is not None:
                yield Reading("gpu_memory_used_bytes", (name,), memory.used)
                yield Reading("gpu_memory_bytes", (name,), memory.total)
            if now_mhz is not None:
                yield Reading("gpu_frequency_hertz", (name,), now_mhz * _MEGA)
            if most_mhz is not None:
                yield Reading("gpu_frequency_max_hertz", (name,), most_mhz * _MEGA)
            if heat_c is not None:
                yield Reading("temperature_celsius", ("gpu", name), heat_c)
            if flags is not None:
                for reason, constant in _REASONS.items():
                    on = bool(flags & getattr(nvml, constant))
                    yield Reading("throttled", (name, reason), on)

    def _ask(self, call: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - untyped
        """What the driver answers; None if this device cannot."""
        try:
            return call(*arguments)
        except self._nvml.NVMLError:
            return None
