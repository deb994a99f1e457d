"""What every inference runtime offers.

A third party joins by an entry point in the group `edgeserve.engines` whose object is a class
without arguments that satisfies `Runtime`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelFile, TensorSpec
    from edgeserve.domain.status import DeviceStatus
    from edgeserve.engines.options import EngineOptions


class InferenceRequest(Protocol):
    """One inference at a time; owned by one thread."""

    def infer(self, tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
        """Run the model on its input tensor.

        Returns:
            Raw outputs by name, valid until the next call on this request.

        Raises:
            EngineError: the runtime failed.
        """


class Engine(Protocol):
    """A model compiled for a device."""

    @property
    def device(self) -> str:
        """RUNTIME:DEVICE, as in openvino:CPU."""

    @property
    def precision(self) -> str:
        """The precision that really runs, as far as the runtime tells."""

    @property
    def input(self) -> TensorSpec:
        """The one input."""

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        """All outputs."""

    def create_request(self) -> InferenceRequest:
        """A request for the calling thread."""


class Runtime(Protocol):
    """An inference runtime. Constructing it loads nothing."""

    @property
    def name(self) -> str:
        """The word before the colon in --provider."""

    def devices(self) -> Sequence[DeviceStatus]:
        """Every device that the runtime could use here, available or not."""

    def load(self, file: ModelFile, device: str, options: EngineOptions) -> Engine:
        """Compile a model file for a device, the word behind the colon in --provider.

        Raises:
            NotAvailableError: the runtime or the device is not on this machine.
            EngineError: the runtime refuses the file.
        """
