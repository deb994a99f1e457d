"""An engine by a third party, as small as one can be, and as faulty as one may be.

It runs no model: it answers as the default model does, one person in the middle. The grey of the
frame chooses a fault, so that a test can ask for it while the server runs.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import EngineError, NotAvailableError
from edgeserve.domain.model import TensorSpec
from edgeserve.domain.status import DeviceStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgeserve.domain.model import InputSpec, ModelFile
    from edgeserve.engines.options import EngineOptions

SIDE_PX = 320
CELLS = 40 * 40 + 20 * 20 + 10 * 10
BINS = 16
LABELS = 5
MIDDLE = 20 * 40 + 20
NAN, RAISES, HANGS, HANGS_FOR_EVER, NO_MEMORY = 10, 20, 30, 40, 50


class ExampleRuntime:
    """Has one device, and lists another that it cannot load."""

    name = "example"

    def devices(self) -> Sequence[DeviceStatus]:
        """SIM and GHOST."""
        return [
            DeviceStatus(
                name=f"example:{device}",
                runtime=self.name,
                runtime_version="1.0",
                description="a simulation",
                available=True,
                precisions=("INT8",),
            )
            for device in ("SIM", "GHOST")
        ]

    def describe(self, device: str) -> DeviceStatus | None:
        """One of them."""
        return next((one for one in self.devices() if one.name == f"example:{device}"), None)

    def precisions(self, device: str) -> Sequence[str]:  # noqa: ARG002 - the protocol's signature
        """Any."""
        return ("int8", "fp16", "fp32")

    def float_precisions(self, device: str) -> Sequence[str]:  # noqa: ARG002 - as above
        """None beside those of its files."""
        return ()

    def load(
        self,
        file: ModelFile,  # noqa: ARG002 - the protocol's signature
        device: str,
        options: EngineOptions,  # noqa: ARG002 - as above
        picture: InputSpec | None = None,  # noqa: ARG002 - as above
    ) -> ExampleEngine:
        """Make an engine.

        Raises:
            NotAvailableError: on any device but SIM.
        """
        if device.upper() != "SIM":
            text = "its libraries are missing"
            raise NotAvailableError(text)
        return ExampleEngine()


class ExampleEngine:
    """Answers as the default model does."""

    device = "example:SIM"
    precision = "int8"
    normalises = False
    max_batch = 1
    input = TensorSpec("images", (1, SIDE_PX, SIDE_PX, 3), "uint8")
    outputs = (
        TensorSpec("box_logits", (1, 4 * BINS, CELLS), "float32"),
        TensorSpec("class_logits", (1, LABELS, CELLS), "float32"),
    )

    def confirm_device(self) -> str:
        """The one there is."""
        return self.device

    def create_request(self) -> ExampleRequest:
        """A request for the calling thread."""
        return ExampleRequest()


class ExampleRequest:
    """One inference at a time."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._cancelled = threading.Event()

    def infer(self, tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
        """A person of 64 px in the middle, or a fault."""
        grey = int(tensor[0, SIDE_PX // 2, SIDE_PX // 2, 0])
        if grey == RAISES:
            text = "the simulation failed"
            raise EngineError(text)
        if grey == NO_MEMORY:
            raise MemoryError
        if grey == HANGS_FOR_EVER:
            threading.Event().wait()
        if grey == HANGS:
            self._cancelled.wait()
            text = "the simulation was cancelled"
            raise EngineError(text)
        boxes = np.zeros((1, 4 * BINS, CELLS), dtype=np.float32)
        boxes[0, 4::BINS] = 20  # each side four strides of 8 px away
        scores = np.full((1, LABELS, CELLS), -20, dtype=np.float32)
        scores[0, 0, MIDDLE] = np.nan if grey == NAN else 20
        return {"box_logits": boxes, "class_logits": scores}

    def cancel(self) -> None:
        """End a hanging inference."""
        self._cancelled.set()
