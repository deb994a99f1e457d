"""Everything that could run a model here: each file, runtime, device and precision of computing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.engines.options import EngineOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeserve.domain.model import InputSpec, ModelFile, ModelSpec
    from edgeserve.domain.status import DeviceStatus
    from edgeserve.engines.protocol import Engine, Runtime


@dataclass(frozen=True, slots=True)
class Form:
    """One file of a model on one device that is here, computed in one precision.

    Attributes:
        file: what is opened.
        picture: the manifest's input.
        runtime: that opens it.
        device: that runs it.
        precision: of the file, or "bf16" or "fp16" where an fp32 file is computed in it.
    """

    file: ModelFile
    picture: InputSpec
    runtime: Runtime
    device: DeviceStatus
    precision: str

    def open(self, hint: str = "latency", threads: int = 0, streams: int = 0) -> Engine:
        """Compile it, for that device or none.

        Args:
            hint: "latency" or "throughput".
            threads: see `EngineOptions`.
            streams: see `EngineOptions`.

        Raises:
            NotAvailableError: the device is listed and cannot be used.
            EngineError: the runtime refuses the file.
        """
        options = EngineOptions.model_validate(
            {
                "provider": self.device.name,
                "strict": True,
                "precision": self.precision,
                "hint": hint,
                "threads": threads,
                "streams": streams,
                "max_cache_mb": 0,
            }
        )
        device = self.device.name.partition(":")[2]
        return self.runtime.load(self.file, device, options, self.picture)


def forms(spec: ModelSpec, runtimes: Mapping[str, Runtime]) -> list[Form]:
    """All forms of a model, by file, then by device; what is not on this machine is left out."""
    devices = {name: runtime.devices() for name, runtime in runtimes.items()}
    return [
        Form(file, spec.input, runtimes[name], device, precision)
        for file in spec.files
        for name, known in devices.items()
        for device in known
        if device.available and _is_for(file, name, device.name)
        for precision in _precisions(spec, file, runtimes[name], device.name)
    ]


def _precisions(spec: ModelSpec, file: ModelFile, runtime: Runtime, device: str) -> list[str]:
    """The precision of a file, and those that an fp32 file may be computed in on a device."""
    if file.precision != "fp32":
        return [file.precision]
    own = {one.precision for one in spec.files if _is_for(one, runtime.name, device)}
    others = runtime.float_precisions(device.partition(":")[2])
    return ["fp32", *(one for one in others if one not in own)]


def _is_for(file: ModelFile, runtime: str, device: str) -> bool:
    """Whether a file is for a runtime, or for this device of it alone."""
    return not {runtime.lower(), device.lower()}.isdisjoint(map(str.lower, file.runtimes))
