"""Intel's OpenVINO: CPU, integrated GPU, NPU."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from importlib import metadata, util
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeserve.domain.errors import EngineError, NotAvailableError, RuntimeMissingError
from edgeserve.domain.model import TensorSpec
from edgeserve.domain.status import DeviceStatus
from edgeserve.engines.cpus import available_cpus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import openvino
    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelFile
    from edgeserve.engines.options import EngineOptions

_INSTALL = "pip install 'edgeserve[openvino]'"


class OpenVinoRuntime:
    """OpenVINO, loaded when first needed."""

    name = "openvino"

    @cached_property
    def _core(self) -> openvino.Core:
        if util.find_spec("openvino") is None:
            text = f"OpenVINO is not installed; install it with: {_INSTALL}"
            raise RuntimeMissingError(text)
        try:
            import openvino  # noqa: PLC0415 - the server starts without the runtimes it does not use

            return openvino.Core()
        except Exception as error:
            text = f"OpenVINO is installed and cannot be loaded: {error}"
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
                precisions=tuple(core.get_property(device, "OPTIMIZATION_CAPABILITIES")),
            )
            for device in found
        ]
        statuses += [
            DeviceStatus(
                name=f"{self.name}:{device}",
                runtime=self.name,
                runtime_version=version,
                missing=missing,
            )
            for device, missing in _MISSING.items()
            if not any(one.split(".")[0] == device for one in found)
        ]
        return statuses

    def load(self, file: ModelFile, device: str, options: EngineOptions) -> OpenVinoEngine:
        """Compile a model file.

        Raises:
            NotAvailableError: OpenVINO or the device is not here.
            EngineError: OpenVINO refuses the file.
        """
        core = self._core
        found = core.available_devices
        if not any(device in {one, one.split(".")[0]} for one in found):
            hint = _MISSING.get(device)
            text = f"OpenVINO has no device {device} here, only {', '.join(found)}"
            raise NotAvailableError(f"{text}: {hint}" if hint else text)
        try:
            compiled = core.compile_model(file.path, device, _properties(file, device, options))
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            text = f"OpenVINO cannot compile {file.path.name} for {device}: {reason}"
            raise EngineError(text) from error
        inputs = [port.get_any_name() for port in compiled.inputs]
        if len(inputs) != 1:
            text = f"{file.path.name} has inputs {', '.join(inputs)}; expected one"
            raise EngineError(text)
        return OpenVinoEngine(compiled, f"{self.name}:{device}")


_MISSING = {
    "GPU": "no Intel GPU driver is visible; install Debian's intel-opencl-icd",
    "NPU": "no Intel NPU driver is visible; install Intel's linux-npu-driver",
}


def _properties(file: ModelFile, device: str, options: EngineOptions) -> dict[str, Any]:
    properties: dict[str, Any] = {"PERFORMANCE_HINT": options.hint.upper()}
    if device == "CPU":
        properties["INFERENCE_NUM_THREADS"] = options.threads or available_cpus()
    if device == "CPU" or file.precision == "fp32":
        # On chips with AMX the default for float layers is bf16, also for the few of an INT8
        # model: another precision than the one asked for, and than the one that was gated.
        properties["INFERENCE_PRECISION_HINT"] = "f32"
    return properties


class OpenVinoEngine:
    """A compiled OpenVINO model."""

    def __init__(self, compiled: openvino.CompiledModel, device: str) -> None:
        """Take over a compiled model for RUNTIME:DEVICE."""
        self._compiled = compiled
        self.device = device
        self.input = _spec(compiled.input(0))
        self.outputs = tuple(_spec(port) for port in compiled.outputs)

    @cached_property
    def precision(self) -> str:
        """The precision of most convolutions in the executed graph."""
        counts: Counter[str] = Counter()
        for node in self._compiled.get_runtime_model().get_ordered_ops():
            info = node.get_rt_info()
            if info["layerType"].astype(str) in {"Convolution", "GroupConvolution"}:
                counts[info["runtimePrecision"].astype(str)] += 1
        if not counts:
            return "unknown"
        ((most, _),) = counts.most_common(1)
        return {"u8": "int8", "i8": "int8", "f32": "fp32", "f16": "fp16"}.get(
            most.lower(),
            most.lower(),
        )

    def create_request(self) -> OpenVinoRequest:
        """A request for the calling thread."""
        return OpenVinoRequest(self._compiled)


class OpenVinoRequest:
    """One synchronous request; its outputs live in the request's own memory."""

    def __init__(self, compiled: openvino.CompiledModel) -> None:
        """Create a request of a compiled model."""
        import openvino  # noqa: PLC0415 - see OpenVinoRuntime

        self._tensor = openvino.Tensor
        self._request = compiled.create_infer_request()
        self._names = [port.get_any_name() for port in compiled.outputs]

    def infer(self, tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
        """Run the model; the outputs are views, valid until the next call."""
        try:
            # shared_memory: the runtime reads the caller's array, nothing is copied.
            self._request.set_input_tensor(self._tensor(tensor, shared_memory=True))
            self._request.infer()
        except RuntimeError as error:
            text = f"OpenVINO failed: {str(error).strip().splitlines()[-1]}"
            raise EngineError(text) from error
        return {
            name: self._request.get_output_tensor(index).data
            for index, name in enumerate(self._names)
        }


def _spec(port: openvino.ConstOutput) -> TensorSpec:
    dimensions = port.get_partial_shape()
    return TensorSpec(
        name=port.get_any_name(),
        shape=tuple(d.get_length() if d.is_static else -1 for d in dimensions),
        dtype=np.dtype(port.get_element_type().to_dtype()).name,
    )
