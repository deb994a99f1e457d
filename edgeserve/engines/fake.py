"""An engine that computes nothing: for tests of everything around engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.engines.protocol import MAX_BATCH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.model import TensorSpec


class FakeEngine:
    """Answers each tensor by a function of the test's."""

    device = "fake:CPU"
    precision = "fp32"
    normalises = False

    def __init__(
        self,
        tensor: TensorSpec,
        outputs: Sequence[TensorSpec],
        answer: Callable[[NDArray[np.generic]], Mapping[str, NDArray[np.float32]]],
        on_cancel: Callable[[], None] = lambda: None,
    ) -> None:
        """Pretend to have this input and these outputs; `on_cancel` hears of cancellations."""
        self.input = tensor
        self.outputs = outputs
        self.max_batch = MAX_BATCH if tensor.shape[0] < 0 else 1
        self._answer = answer
        self._on_cancel = on_cancel

    def confirm_device(self) -> str:
        """The same as ever."""
        return self.device

    def create_request(self) -> FakeRequest:
        """A request for the calling thread."""
        return FakeRequest(self._answer, self._on_cancel)


class FakeRequest:
    """Calls the function."""

    def __init__(
        self,
        answer: Callable[[NDArray[np.generic]], Mapping[str, NDArray[np.float32]]],
        on_cancel: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep the functions."""
        self._answer = answer
        self._on_cancel = on_cancel

    def infer(self, tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
        """Return what the function returns."""
        return self._answer(tensor)

    def cancel(self) -> None:
        """Tell the test."""
        self._on_cancel()
