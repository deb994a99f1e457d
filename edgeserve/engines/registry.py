"""Which runtimes there are: ours and third parties', by entry point."""

from __future__ import annotations

import logging
import platform
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, NoReturn

from edgeserve.domain.errors import RuntimeMissingError
from edgeserve.domain.status import DeviceStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgeserve.domain.model import InputSpec, ModelFile
    from edgeserve.engines.options import EngineOptions
    from edgeserve.engines.protocol import Runtime

_log = logging.getLogger(__name__)
_GROUP = "edgeserve.engines"


@cache
def runtimes() -> Mapping[str, Runtime]:
    """All runtimes by name, the one to prefer on this machine first.

    OpenVINO's kernels are the faster on x86; on ARM its CPU plug-in runs INT8 models as fp16,
    while ONNX Runtime uses the chip's dot-product instructions. Third parties' come last.
    """
    points = metadata.entry_points(group=_GROUP)
    found = {point.name: _load(point) for point in points}
    ours = ["openvino", "onnxruntime"]
    if platform.machine() not in {"x86_64", "AMD64"}:
        ours.reverse()
    order = {name: place for place, name in enumerate(ours)}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def devices() -> list[DeviceStatus]:
    """Every device of every runtime."""
    return [device for runtime in runtimes().values() for device in _devices(runtime)]


class UnloadableRuntime:
    """Stands for a plug-in that cannot be loaded, so that its name says why."""

    def __init__(self, name: str, fault: str) -> None:
        """Remember what is wrong with the plug-in of an entry point."""
        self.name = name
        self._fault = fault

    def devices(self) -> Sequence[DeviceStatus]:
        """One, with the fault."""
        return [DeviceStatus(f"{self.name}:*", self.name, missing=self._fault)]

    def describe(self, device: str) -> None:
        """None of them can be told."""

    def precisions(self, device: str) -> Sequence[str]:  # noqa: ARG002 - the protocol's signature
        """Any: `load` will say what is wrong."""
        return ("int8", "fp16", "fp32")

    def float_precisions(self, device: str) -> Sequence[str]:  # noqa: ARG002 - as above
        """None."""
        return ()

    def load(
        self,
        file: ModelFile,  # noqa: ARG002 - the protocol's signature
        device: str,  # noqa: ARG002 - as above
        options: EngineOptions,  # noqa: ARG002 - as above
        picture: InputSpec | None = None,  # noqa: ARG002 - as above
    ) -> NoReturn:
        """Raise the fault.

        Raises:
            RuntimeMissingError: always.
        """
        raise RuntimeMissingError(self._fault)


def _load(point: metadata.EntryPoint) -> Runtime:
    try:
        runtime: Runtime = point.load()()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a third party's fault stops no other
        _log.warning("engine plug-in %s cannot be loaded: %s", point.name, error)
        fault = f"the engine plug-in cannot be loaded ({type(error).__name__}: {error})"
        return UnloadableRuntime(point.name, fault)
    return runtime


def _devices(runtime: Runtime) -> Sequence[DeviceStatus]:
    try:
        return runtime.devices()
    except Exception as error:  # noqa: BLE001 - one runtime's fault must not hide the others' devices
        fault = f"its devices cannot be listed ({type(error).__name__}: {error})"
        return UnloadableRuntime(runtime.name, fault).devices()
