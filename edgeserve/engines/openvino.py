"""Intel's OpenVINO: CPU, integrated GPU, NPU, and its own choices among them (AUTO, HETERO)."""

from __future__ import annotations

import re
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeserve.domain.errors import EngineError, NotAvailableError, RuntimeMissingError
from edgeserve.domain.model import TensorSpec
from edgeserve.domain.status import DeviceStatus
from edgeserve.engines.cache import compile_cache
from edgeserve.engines.cpus import available_cpus
from edgeserve.engines.loading import import_runtime
from edgeserve.engines.openvino_graph import executed_precision, fitted
from edgeserve.engines.openvino_trial import abort_reason
from edgeserve.engines.protocol import MAX_BATCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import openvino
    from numpy.typing import NDArray

    from edgeserve.domain.model import InputSpec, ModelFile
    from edgeserve.engines.options import EngineOptions

_VIRTUAL = {"AUTO", "HETERO", "MULTI"}
"""Not devices but OpenVINO's ways to choose among them; a list may follow: AUTO:GPU+CPU."""
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
            return module.Core()
        except Exception as error:
            text = f"OpenVINO is installed and cannot be started: {_last_line(error)}"
            raise RuntimeMissingError(text) from error

    def devices(self) -> Sequence[DeviceStatus]:
        """CPU, GPU and NPU, each with what OpenVINO says of it."""
        try:
            core = self._core
            found = core.available_devices
        except RuntimeMissingError as error:
            return [DeviceStatus("openvino:CPU", self.name, missing=str(error))]
        version = metadata.version("openvino")
        statuses = [
            DeviceStatus(
                name=f"{self.name}:{device}",
                runtime=self.name,
                runtime_version=version,
                description=str(core.get_property(device, "FULL_DEVICE_NAME")),
                available=True,
                precisions=tuple(
                    word
                    for word in core.get_property(device, "OPTIMIZATION_CAPABILITIES")
                    if _PRECISION.fullmatch(word)
                ),
            )
            for device in found
        ]
        statuses += [
            DeviceStatus(
                name=f"{self.name}:{device}",
                runtime=self.name,
                runtime_version=version,
                missing=_missing(device),
            )
            for device in _NODES
            if not any(one.split(".")[0] == device for one in found)
        ]
        return statuses

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
            text = f"OpenVINO cannot compile {file.path.name} for {device}: {_last_line(error)}"
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
        found = self._core.available_devices
        kind, _, members = device.partition(":")
        for one in members.split(",") if kind in _VIRTUAL and members else [device]:
            wanted = re.sub(r"^-|\(\d+\)$", "", one)
            if wanted in _VIRTUAL or any(wanted in {f, f.split(".")[0]} for f in found):
                continue
            text = f"OpenVINO has no device {wanted} here, only {', '.join(found)}"
            raise NotAvailableError(f"{text}: {_missing(wanted)}" if wanted in _NODES else text)


_NODES = {
    "GPU": ("/dev/dri", "renderD*", "apt install intel-opencl-icd"),
    "NPU": ("/dev/accel", "accel*", "install Intel's linux-npu-driver (packages on its GitHub)"),
}
"""Where Linux shows the device, and what installs the driver in user space."""


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
    elif kind in _VIRTUAL:
        properties["DEVICE_PROPERTIES"] = {"CPU": cpu}
        if kind == "AUTO":
            # It would start on the CPU and move: nobody waits for a model that is not ready.
            properties["ENABLE_STARTUP_FALLBACK"] = False
    elif file.precision == "fp32" and kind == "GPU":
        properties["INFERENCE_PRECISION_HINT"] = hint
    return properties


class OpenVinoEngine:
    """A compiled OpenVINO model."""

    def __init__(
        self,
        compiled: openvino.CompiledModel,
        device: str,
        *,
        normalises: bool = False,
    ) -> None:
        """Take over a model that was compiled for a device, as OpenVINO calls it."""
        self._compiled = compiled
        self._wanted = device
        self.normalises = normalises
        self.device = self._executing()
        self.input = _spec(compiled.input(0))
        self.outputs = tuple(_spec(port) for port in compiled.outputs)
        self.max_batch = MAX_BATCH if self.input.shape[:1] == (-1,) else 1

    @property
    def precision(self) -> str:
        """The precision of most convolutions in the executed graph, or "unknown"."""
        return executed_precision(self._compiled)

    def confirm_device(self) -> str:
        """Ask which devices execute the model, now that it ran."""
        self.device = self._executing()
        return self.device

    def refuse_other_devices(self) -> None:
        """Hold the executing devices against the one that was asked for.

        Raises:
            NotAvailableError: another one executes the model, or part of it.
        """
        wanted = f"openvino:{self._wanted}"
        if self._wanted.partition(":")[0] not in _VIRTUAL and self.device != wanted:
            text = f"OpenVINO runs it on {self.device} instead"
            raise NotAvailableError(text)

    def create_request(self) -> OpenVinoRequest:
        """A request for the calling thread."""
        return OpenVinoRequest(self._compiled)

    def _executing(self) -> str:
        """RUNTIME:DEVICE, the devices joined by + where the model is spread over several."""
        try:
            # "(CPU)" is AUTO's word for a device that helps out until another is ready.
            found = [one.strip("()") for one in self._compiled.get_property("EXECUTION_DEVICES")]
        except RuntimeError:
            found = []  # the property is optional for a plug-in
        first = f"{self._wanted}.0"  # GPU and GPU.0 are the same
        shown = [self._wanted if one == first else one for one in dict.fromkeys(found)]
        return f"openvino:{'+'.join(shown) or self._wanted}"


class OpenVinoRequest:
    """One synchronous request; its outputs live in the request's own memory."""

    def __init__(self, compiled: openvino.CompiledModel) -> None:
        """Create a request of a compiled model."""
        import openvino  # noqa: PLC0415 - see OpenVinoRuntime

        self._tensor = openvino.Tensor
        self._request = compiled.create_infer_request()
        self._names = [_name(port) for port in compiled.outputs]
        self._fixed = all(port.get_partial_shape().is_static for port in compiled.outputs)
        self._bound: NDArray[np.generic] | None = None
        self._outputs: dict[str, NDArray[np.float32]] = {}

    def infer(self, tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
        """Run the model; the outputs are views, valid until the next call."""
        try:
            # A worker fills the same array for every frame: it is bound once.
            if tensor is not self._bound:
                # shared_memory: the runtime reads the caller's array, nothing is copied.
                self._request.set_input_tensor(self._tensor(tensor, shared_memory=True))
                self._bound = tensor
            self._request.infer()
        except RuntimeError as error:
            self._bound = None
            text = f"OpenVINO failed: {_last_line(error)}"
            raise EngineError(text) from error
        if not self._outputs or not self._fixed:
            self._outputs = {
                name: self._request.get_output_tensor(index).data
                for index, name in enumerate(self._names)
            }
        return self._outputs

    def cancel(self) -> None:
        """End the running inference with an error."""
        self._request.cancel()


def _name(port: openvino.ConstOutput) -> str:
    """The file's name of an input or output.

    Where the compiler has merged an output with an inner tensor it has both names, and any of
    them comes first.
    """
    given: str = port.get_node().get_friendly_name().removesuffix("/sink_port_0")
    return given if given in port.get_names() else port.get_any_name()


def _spec(port: openvino.ConstOutput) -> TensorSpec:
    dimensions = port.get_partial_shape()
    return TensorSpec(
        name=_name(port),
        shape=tuple(d.get_length() if d.is_static else -1 for d in dimensions),
        dtype=np.dtype(port.get_element_type().to_dtype()).name,
    )


def _last_line(error: Exception) -> str:
    """Where OpenVINO says what is wrong; the lines before name its sources."""
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
