"""An engine that computes nothing: for tests of everything around engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.model import TensorSpec


class FakeEngine:
    """Answers each tensor by a function of the test's."""

    device = "fake:CPU"
    precision = "fp32"

    def __init__(
        self,
        tensor: TensorSpec,
        outputs: Sequence[TensorSpec],
        answer: Callable[[NDArray[np.generic]], Mapping[str, NDArray[np.float32]]],
    ) -> None:
        """Pretend to have this input and these outputs."""
        self.input = tensor
        self.outputs = outputs
        self._answer = answer

    def create_request(self) -> FakeRequest:
        """A request for the calling thread."""
        return FakeRequest(self._answer)


class FakeRequest:
    """Calls the function."""

    def __init__(
        self,
        answer: Callable[[NDArray[np.generic]], Mapping[str, NDArray[np.float32]]],
    ) -> None:
        """Keep the function."""
        self._answer = answer

    def infer(self, tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
        """Return what the function returns."""
        return self._answer(tensor)
