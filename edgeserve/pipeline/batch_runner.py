"""Frames of one model through its engine, several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgeserve.pipeline.detector import Detector


class BatchRunner:
    """A request with the memory for a batch; owned by one thread."""

    def __init__(self, detector: Detector, limit: int) -> None:
        """Create the request and the memory for `limit` frames."""
        self._request = detector.engine.create_request()
        tensor = detector.engine.input
        self._batch = np.empty((limit, *tensor.shape[1:]), dtype=tensor.dtype)

    def cancel(self) -> None:
        """End the inference that runs, if the runtime can. Called from another thread."""
        self._request.cancel()

    def infer(
        self,
        tensors: Sequence[NDArray[np.generic]],
    ) -> list[Mapping[str, NDArray[np.float32]]]:
        """Run the model on tensors of one frame each.

        Returns:
            The raw outputs of each frame, with a first axis of 1, valid until the next call.

        Raises:
            EngineError: the engine failed.
        """
        if len(tensors) == 1:
            return [self._request.infer(tensors[0])]
        for index, tensor in enumerate(tensors):
            self._batch[index] = tensor[0]
        outputs = self._request.infer(self._batch[: len(tensors)])
        return [
            {name: values[index : index + 1] for name, values in outputs.items()}
            for index in range(len(tensors))
        ]
