"""Everything that could run a model here: each file, on each runtime for it, on each device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.engines.options import EngineOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeserve.domain.model import ModelFile, ModelSpec
    from edgeserve.domain.status import DeviceStatus
    from edgeserve.engines.protocol import Engine, Runtime


@dataclass(frozen=True, slots=True)
class Form:
    """One file of a model on one device that is here."""

    file: ModelFile
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
            }
        )
        return self.runtime.load(self.file, self.device.name.partition(":")[2], options)


def forms(spec: ModelSpec, runtimes: Mapping[str, Runtime]) -> list[Form]:
    """All forms of a model, by file, then by device; what is not on this machine is left out."""
    devices = {name: runtime.devices() for name, runtime in runtimes.items()}
    return [
        Form(file, runtimes[name], device)
        for file in spec.files
        for name, known in devices.items()
        for device in known
        if device.available and {name, device.name} & set(file.runtimes)
    ]
