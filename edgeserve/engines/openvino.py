"""Intel's OpenVINO: CPU, integrated GPU, NPU, and its own choices among them (AUTO, HETERO)."""

from __future__ import annotations

import re
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeserve.domain.errors import EngineError, NotAvailableError, RuntimeMissingError
from edgeserve.domain.status import DeviceStatus
from edgeserve.engines.cache import compile_cache
from edgeserve.engines.loading import import_runtime
from edgeserve.engines.openvino_engine import VIRTUAL_DEVICES, OpenVinoEngine, last_line
from edgeserve.engines.openvino_graph import fitted
from edgeserve.engines.openvino_trial import abort_reason
from edgeserve.process.cpus import available_cpus

if TYPE_CHECKING:
    from collections.abc import Sequence

    import openvino

    from edgeserve.domain.model import InputSpec, ModelFile
    from edgeserve.engines.options import EngineOptions

_PRECISION = re.compile(r"(FP|BF|INT)\d+")
_FLOATS = {"bf16": ("BF16", "bf16"), "fp16": ("FP16", "f16")}
"""Precisions, OpenVINO's word for a chip that has them, and its word for a model to use them."""


class OpenVinoRuntime:
    """OpenVINO, loaded when first needed."""

    name = "openvino"

    @cached_property
    def _core(self) -> openvino.Core:
        module = import_runtime(self.name, "OpenVINO", "Core")
        reason = abort_reason()
        if reason:
            raise RuntimeMissingError(reason)
        try:
            # Two threads that look at their first tensors at once wait for each other for good: one
            # holds the guard of a static in OpenVINO's binding, and one Python's lock.
            _ = module.Tensor(module.Type.u8, module.Shape([1])).data
            return module.Core()
        except Exception as error:
            text = f"OpenVINO is installed and cannot be started: {last_line(error)}"
            raise RuntimeMissingError(text) from error

    def devices(self) -> Sequence[DeviceStatus]:
        """CPU, GPU and NPU, each with what OpenVINO says of it."""
        try:
            found = self._core.available_devices
        except RuntimeMissingError as error:
            return [DeviceStatus("openvino:CPU", self.name, missing=str(error))]
        absent = [node for node in _NODES if not any(_is_a(one, node) for one in found)]
        return [self._status(one) for one in found] + [
            DeviceStatus(
                name=f"{self.name}:{device}",
                runtime=self.name,
                runtime_version=_version(),
                missing=_missing(device),
            )
            for device in absent
        ]

    def describe(self, device: str) -> DeviceStatus | None:
        """See `Runtime`. The CPU can be asked alone."""
        if device != "CPU":
            name = f"{self.name}:{device}"
            return next((one for one in self.devices() if one.name == name), None)
        return self._status(device)

    def _status(self, device: str) -> DeviceStatus:
        """Of a device that is here."""
        words = self._core.get_property(device, "OPTIMIZATION_CAPABILITIES")
        return DeviceStatus(
            name=f"{self.name}:{device}",
            runtime=self.name,
            runtime_version=_version(),
            description=str(self._core.get_property(device, "FULL_DEVICE_NAME")),
            available=True,
            precisions=tuple(word for word in words if _PRECISION.fullmatch(word)),
        )

    def precisions(self, device: str) -> Sequence[str]:  # noqa: ARG002 - the protocol's signature
        """INT8 is the fastest on all of them."""
        return ("int8", "fp16", "fp32")

    def float_precisions(self, device: str) -> Sequence[str]:
        """What OpenVINO says that the chip has; whether it is so shows when a model is loaded."""
        try:
            found = self._core.get_property(device.upper(), "OPTIMIZATION_CAPABILITIES")
        except (RuntimeMissingError, RuntimeError):
            return ()  # no such device, or one of OpenVINO's ways to choose among them
        return [name for name, (word, _) in _FLOATS.items() if word in found]

    def load(
        self,
        file: ModelFile,
        device: str,
        options: EngineOptions,
        picture: InputSpec | None = None,
    ) -> OpenVinoEngine:
        """Compile a model file.

        Open dimensions of its input are fixed first (the NPU takes no others), and what the
        manifest leaves to the server is put before the graph: see `openvino_graph.fitted`.

        Raises:
            NotAvailableError: OpenVINO or the device is not here, or it does not compute an fp32
                file in the precision that is wanted.
            EngineError: OpenVINO refuses the file.
        """
        core, device = self._core, device.upper().replace("+", ",")
        self._check(device)
        properties = _properties(file, device, options)
        try:
            with compile_cache(options, self.name) as folder:
                if folder is not None:
                    properties["CACHE_DIR"] = str(folder)
                model = core.read_model(file.path)
                inputs = [port.get_any_name() for port in model.inputs]
                if len(inputs) != 1:
                    text = f"{file.path.name} has inputs {', '.join(inputs)}; expected one"
                    raise EngineError(text)
                normalises = picture is not None and fitted(model, picture)
                compiled = core.compile_model(model, device, properties)
        except RuntimeError as error:
            text = f"OpenVINO cannot compile {file.path.name} for {device}: {last_line(error)}"
            if _is_recast(file, options):
                # It lists what the chip has, also where a cap keeps oneDNN from using it.
                text = f"OpenVINO does not compute in {options.precision} on {device} here"
                raise NotAvailableError(text) from error
            raise EngineError(text) from error
        engine = OpenVinoEngine(compiled, device, normalises=normalises)
        if options.strict:
            engine.refuse_other_devices()
        return engine

    def _check(self, device: str) -> None:
        if device == "CPU":
            return  # always there, and to list the others loads their plug-ins
        found = self._core.available_devices
        kind, _, members = device.partition(":")
        for one in members.split(",") if kind in VIRTUAL_DEVICES and members else [device]:
            wanted = re.sub(r"^-|\(\d+\)$", "", one)
            if wanted in VIRTUAL_DEVICES or any(wanted == f or _is_a(f, wanted) for f in found):
                continue
            text = f"OpenVINO has no device {wanted} here, only {', '.join(found)}"
            raise NotAvailableError(f"{text}: {_missing(wanted)}" if wanted in _NODES else text)


_NODES = {
    "GPU": ("/dev/dri", "renderD*", "apt install intel-opencl-icd"),
    "NPU": ("/dev/accel", "accel*", "install Intel's linux-npu-driver (packages on its GitHub)"),
}
"""Where Linux shows the device, and what installs the driver in user space."""


def _version() -> str:
    return metadata.version("openvino")


def _is_a(device: str, kind: str) -> bool:
    """Whether a device is of a kind: GPU.0 is a GPU."""
    return device.partition(".")[0] == kind


def _missing(device: str) -> str:
    folder, pattern, driver = _NODES[device]
    nodes = list(Path(folder).glob(pattern))
    if not nodes:
        return (
            f"this machine shows no {device} ({folder}/{pattern}); where it has one, the kernel's "
            f"driver is missing, or a container was started without --device {folder}; the driver "
            f"in user space: {driver}"
        )
    try:
        with nodes[0].open("r+b"):
            pass
    except PermissionError:
        return (
            f"{nodes[0]} may not be opened by this user: usermod -aG render USER, then log in anew"
        )
    except OSError:
        pass  # whatever else: the driver will say it better
    return f"no Intel {device} driver is installed: {driver}"


def _is_recast(file: ModelFile, options: EngineOptions) -> bool:
    """Whether a file is to be computed in another float precision than its own."""
    return file.precision == "fp32" and options.precision in _FLOATS


def _properties(file: ModelFile, device: str, options: EngineOptions) -> dict[str, Any]:
    properties: dict[str, Any] = {"PERFORMANCE_HINT": options.hint_on(device).upper()}
    # On chips with AMX the default for float layers is bf16, also for the few of an INT8 model:
    # another precision than the one asked for, and than the one that was gated.
    hint = _FLOATS[options.precision][1] if _is_recast(file, options) else "f32"
    cpu: dict[str, Any] = {
        "INFERENCE_NUM_THREADS": options.threads or available_cpus(),
        "INFERENCE_PRECISION_HINT": hint,
    }
    kind = device.partition(":")[0]
    if options.streams and options.hint_on(kind) == "throughput":
        cpu["NUM_STREAMS"] = options.streams
    if kind == "CPU":
        properties |= cpu
    elif kind in VIRTUAL_DEVICES:
        properties["DEVICE_PROPERTIES"] = {"CPU": cpu}
        if kind == "AUTO":
            # It would start on the CPU and move: nobody waits for a model that is not ready.
            properties["ENABLE_STARTUP_FALLBACK"] = False
    elif file.precision == "fp32" and kind == "GPU":
        properties["INFERENCE_PRECISION_HINT"] = hint
    return properties
