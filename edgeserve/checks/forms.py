"""Everything that could run a model here: each file, on each runtime for it, on each device."""

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
    """One file of a model on one device that is here.

    Attributes:
        file: what is opened.
        picture: the manifest's input.
        runtime: that opens it.
        device: that runs it.
    """

    file: ModelFile
    picture: InputSpec
    runtime: Runtime
    device: DeviceStatus

    def open(self) -> Engine:
        """Compile it, for that device or none.

        Raises:
            NotAvailableError: the device is listed and cannot be used.
            EngineError: the runtime refuses the file.
        """
        options = EngineOptions.model_validate(
            {
                "provider": self.device.name,
                "strict": True,
                "precision": self.file.precision,
                "hint": "latency",
                "max_cache_mb": 0,
            }
        )
        device = self.device.name.partition(":")[2]
        return self.runtime.load(self.file, device, options, self.picture)


def forms(spec: ModelSpec, runtimes: Mapping[str, Runtime]) -> list[Form]:
    """All forms of a model, by file, then by device; what is not on this machine is left out."""
    devices = {name: runtime.devices() for name, runtime in runtimes.items()}
    return [
        Form(file, spec.input, runtimes[name], device)
        for file in spec.files
        for name, known in devices.items()
        for device in known
        if device.available and _is_for(file, name, device.name)
    ]


def _is_for(file: ModelFile, runtime: str, device: str) -> bool:
    """Whether a file is for a runtime, or for this device of it alone."""
    return not {runtime.lower(), device.lower()}.isdisjoint(map(str.lower, file.runtimes))
