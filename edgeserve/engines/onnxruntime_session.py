"""A model in an ONNX Runtime session, and the requests of its threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgeserve.domain.errors import EngineError
from edgeserve.domain.model import TensorSpec
from edgeserve.engines.protocol import MAX_BATCH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32", "tensor(float16)": "float16"}


class OnnxEngine:
    """An ONNX Runtime session. Its `run` may be called from several threads at once."""

    normalises = False

    def __init__(self, session: Any, device: str, precision: str, module: Any) -> None:  # noqa: ANN401 - untyped library
        """Take over a session for RUNTIME:DEVICE, and the module that it comes from."""
        self._session = session
        self._module = module
        self.device = device
        self.precision = precision
        (self.input,) = (_spec(port) for port in session.get_inputs())
        self.outputs = tuple(_spec(port) for port in session.get_outputs())
        self.max_batch = MAX_BATCH if self.input.shape[:1] == (-1,) else 1

    def confirm_device(self) -> str:
        """The same as ever: a session never moves."""
        return self.device

    def create_request(self) -> OnnxRequest:
        """A request for the calling thread."""
        fixed = all(size > 0 for output in self.outputs for size in output.shape)
        # On a CPU binding costs more than it saves; `tests/benchmarks` compares them.
        if fixed and not self.device.endswith(":CPU"):
            return BoundOnnxRequest(self._session, self._module.RunOptions(), self)
        return OnnxRequest(self._session, self._module.RunOptions(), self)


class OnnxRequest:
    """One synchronous request."""

    def __init__(self, session: Any, options: Any, engine: OnnxEngine) -> None:  # noqa: ANN401 - untyped library
        """Create a request of a session, with run options of its own."""
        self._session = session
        self._options = options
        self._input = engine.input.name
        self._names = [output.name for output in engine.outputs]

    def infer(self, tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
        """Run the model; the outputs are new arrays."""
        try:
            outputs = self._session.run(self._names, {self._input: tensor}, self._options)
        except Exception as error:  # its exceptions have no common base but this
            self._options.terminate = False
            text = f"ONNX Runtime failed: {error}"
            raise EngineError(text) from error
        return dict(zip(self._names, outputs, strict=True))

    def cancel(self) -> None:
        """End the running inference with an error, before its next node."""
        self._options.terminate = True


class BoundOnnxRequest(OnnxRequest):
    """A request that writes into memory of its own: for devices that copy results back."""

    def __init__(self, session: Any, options: Any, engine: OnnxEngine) -> None:  # noqa: ANN401 - untyped library
        """Allocate the outputs and bind them."""
        super().__init__(session, options, engine)
        self._outputs = {
            output.name: np.empty(output.shape, output.dtype) for output in engine.outputs
        }
        self._binding = session.io_binding()
        for name, array in self._outputs.items():
            self._binding.bind_output(
                name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data
            )

    def infer(self, tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
        """Run the model; the outputs are the request's own, valid until the next call."""
        tensor = np.ascontiguousarray(tensor)
        try:
            self._binding.bind_input(
                self._input, "cpu", 0, tensor.dtype.type, tensor.shape, tensor.ctypes.data
            )
            self._session.run_with_iobinding(self._binding, self._options)
        except Exception as error:  # its exceptions have no common base but this
            self._options.terminate = False
            text = f"ONNX Runtime failed: {error}"
            raise EngineError(text) from error
        return self._outputs


def _spec(port: Any) -> TensorSpec:  # noqa: ANN401 - untyped library
    return TensorSpec(
        name=port.name,
        shape=tuple(d if isinstance(d, int) else -1 for d in port.shape),
        dtype=_DTYPES.get(port.type, port.type),
    )
