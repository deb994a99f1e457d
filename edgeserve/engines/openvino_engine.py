"""A model that OpenVINO has compiled, and requests to run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import EngineError, NotAvailableError
from edgeserve.domain.model import TensorSpec
from edgeserve.engines.openvino_graph import executed_precision
from edgeserve.engines.protocol import MAX_BATCH

if TYPE_CHECKING:
    from collections.abc import Mapping

    import openvino
    from numpy.typing import NDArray

VIRTUAL_DEVICES = {"AUTO", "HETERO", "MULTI"}
"""Not devices but OpenVINO's ways to choose among them; a list may follow: AUTO:GPU+CPU."""


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
        if self._wanted.partition(":")[0] not in VIRTUAL_DEVICES and self.device != wanted:
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
            # Shared: the outputs, which may be large, are not copied for a dictionary nobody reads.
            self._request.infer(share_outputs=True)
        except RuntimeError as error:
            self._bound = None
            text = f"OpenVINO failed: {last_line(error)}"
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


def last_line(error: Exception) -> str:
    """Where OpenVINO says what is wrong; the lines before name its sources."""
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
