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

    from edgeserve.domain.model import InputSpec, ModelFile, TensorSpec
    from edgeserve.domain.status import DeviceStatus
    from edgeserve.engines.options import EngineOptions


class InferenceRequest(Protocol):
    """One inference at a time; owned by one thread."""

    def infer(self, tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
        """Run the model on its input tensor: 1 to `Engine.max_batch` frames on the first axis.

        Returns:
            Raw outputs by name, as many on the first axis, valid until the next call on this
            request.

        Raises:
            EngineError: the runtime failed, or the inference was cancelled.
        """

    def cancel(self) -> None:
        """End the inference that runs, if the runtime can. Called from another thread."""


MAX_BATCH = 256
"""Of an engine whose file leaves the first axis of its input open."""


class Engine(Protocol):
    """A model compiled for a device."""

    @property
    def device(self) -> str:
        """RUNTIME:DEVICE that computes, as in openvino:CPU; fixed once it is confirmed."""

    @property
    def precision(self) -> str:
        """The precision that really runs, as far as the runtime tells."""

    @property
    def normalises(self) -> bool:
        """Whether it took over what the manifest leaves to the server.

        It then wants the picture as it is, uint8 NHWC, whatever the manifest says of the file.
        """

    @property
    def input(self) -> TensorSpec:
        """The one input, as a request takes it."""

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        """All outputs."""

    def confirm_device(self) -> str:
        """Ask the runtime again which device computes, after the first inferences."""

    @property
    def max_batch(self) -> int:
        """Most frames in one inference; 1 where the file's first axis is not open."""

    def create_request(self) -> InferenceRequest:
        """A request for the calling thread."""


class Runtime(Protocol):
    """An inference runtime. Constructing it loads nothing."""

    @property
    def name(self) -> str:
        """The word before the colon in --provider."""

    def devices(self) -> Sequence[DeviceStatus]:
        """Every device that the runtime could use here, available or not."""

    def describe(self, device: str) -> DeviceStatus | None:
        """One of `devices`, by its name without the runtime's; None if it is none of them.

        To list them all may load what each of them needs: 25 MB of OpenVINO's plug-ins.

        Raises:
            RuntimeMissingError: the runtime is not here.
        """

    def precisions(self, device: str) -> Sequence[str]:
        """Of "int8", "fp16" and "fp32" those that a device takes, the best first."""

    def float_precisions(self, device: str) -> Sequence[str]:
        """Of "bf16" and "fp16" those that a device computes an fp32 file in when it is told to."""

    def load(
        self,
        file: ModelFile,
        device: str,
        options: EngineOptions,
        picture: InputSpec | None = None,
    ) -> Engine:
        """Compile a model file for a device.

        Args:
            file: what to open.
            device: behind the colon in --provider, as the operator spelt it: case is no matter.
            options: `strict` means that all of the model must run on the device.
            picture: the manifest's input. An engine that can normalise takes it over from the
                server; None leaves the file's input as it is.

        Raises:
            NotAvailableError: the runtime or the device is not on this machine.
            EngineError: the runtime refuses the file.
        """
