"""Microsoft's ONNX Runtime."""

from __future__ import annotations

from functools import cached_property
from importlib import util
from typing import TYPE_CHECKING, Any

from edgeserve.domain.errors import EngineError, NotAvailableError, RuntimeMissingError
from edgeserve.domain.model import TensorSpec
from edgeserve.domain.status import DeviceStatus
from edgeserve.engines.cpus import available_cpus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelFile
    from edgeserve.engines.options import EngineOptions

_INSTALL = "pip install 'edgeserve[onnxruntime]'"
_SUFFIX = "ExecutionProvider"
_DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32", "tensor(float16)": "float16"}
_QUIET = 3
"""ONNX Runtime's log level for errors: its warnings on start are not for users."""


class OnnxRuntime:
    """ONNX Runtime, loaded when first needed."""

    name = "onnxruntime"

    @cached_property
    def _module(self) -> Any:  # noqa: ANN401 - untyped library
        if util.find_spec("onnxruntime") is None:
            text = f"ONNX Runtime is not installed; install it with: {_INSTALL}"
            raise RuntimeMissingError(text)
        try:
            import onnxruntime  # noqa: PLC0415 - the server starts without what it does not use
        except Exception as error:
            text = f"ONNX Runtime is installed and cannot be loaded: {error}"
            raise RuntimeMissingError(text) from error
        return onnxruntime

    def devices(self) -> Sequence[DeviceStatus]:
        """One device for each execution provider that the installed wheel brings."""
        try:
            module = self._module
        except RuntimeMissingError as error:
            return [DeviceStatus("onnxruntime:CPU", self.name, missing=str(error))]
        return [
            DeviceStatus(
                name=f"{self.name}:{provider.removesuffix(_SUFFIX)}",
                runtime=self.name,
                runtime_version=module.__version__,
                description=module.get_device(),
                available=True,
                precisions=("FP32", "INT8"),
            )
            for provider in module.get_available_providers()
            # A client of a cloud service, not a device of this box.
            if provider != f"Azure{_SUFFIX}"
        ]

    def load(self, file: ModelFile, device: str, options: EngineOptions) -> OnnxEngine:
        """Open a session on a model file.

        Raises:
            NotAvailableError: ONNX Runtime or the execution provider is not here.
            EngineError: ONNX Runtime refuses the file.
        """
        module = self._module
        provider = device.removesuffix(_SUFFIX) + _SUFFIX
        offered = module.get_available_providers()
        if provider not in offered:
            text = f"the installed ONNX Runtime has no {provider}, only {', '.join(offered)}"
            raise NotAvailableError(text)
        settings = module.SessionOptions()
        settings.log_severity_level = _QUIET
        # For throughput each worker of the lane runs its own inference on one core.
        cores = options.threads or available_cpus()
        settings.intra_op_num_threads = cores if options.hint == "latency" else 1
        try:
            session = module.InferenceSession(str(file.path), settings, providers=[provider])
        except Exception as error:  # its exceptions have no common base but this
            text = f"ONNX Runtime cannot load {file.path.name}: {error}"
            raise EngineError(text) from error
        inputs = [port.name for port in session.get_inputs()]
        if len(inputs) != 1:
            text = f"{file.path.name} has inputs {', '.join(inputs)}; expected one"
            raise EngineError(text)
        # Listed is not loaded: a provider whose libraries are missing is left out silently.
        if provider not in session.get_providers():
            text = f"{provider} is listed and could not be loaded; its libraries are missing"
            raise NotAvailableError(text)
        return OnnxEngine(session, f"{self.name}:{device.removesuffix(_SUFFIX)}", file.precision)


class OnnxEngine:
    """An ONNX Runtime session. Its `run` may be called from several threads at once."""

    def __init__(self, session: Any, device: str, precision: str) -> None:  # noqa: ANN401 - untyped library
        """Take over a session for RUNTIME:DEVICE."""
        self._session = session
        self.device = device
        self.precision = precision
        (self.input,) = (_spec(port) for port in session.get_inputs())
        self.outputs = tuple(_spec(port) for port in session.get_outputs())

    def create_request(self) -> OnnxRequest:
        """A request for the calling thread."""
        return OnnxRequest(self._session)


class OnnxRequest:
    """One synchronous request."""

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - untyped library
        """Create a request of a session."""
        self._session = session
        (self._input,) = (port.name for port in session.get_inputs())
        self._names = [port.name for port in session.get_outputs()]

    def infer(self, tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
        """Run the model; the outputs are new arrays."""
        try:
            outputs = self._session.run(self._names, {self._input: tensor})
        except Exception as error:  # its exceptions have no common base but this
            text = f"ONNX Runtime failed: {error}"
            raise EngineError(text) from error
        return dict(zip(self._names, outputs, strict=True))


def _spec(port: Any) -> TensorSpec:  # noqa: ANN401 - untyped library
    return TensorSpec(
        name=port.name,
        shape=tuple(d if isinstance(d, int) else -1 for d in port.shape),
        dtype=_DTYPES.get(port.type, port.type),
    )
