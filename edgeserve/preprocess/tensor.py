"""A model's input tensor, filled with one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import InvalidImageError
from edgeserve.preprocess.letterbox import letterbox

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeserve.domain.model import InputSpec
    from edgeserve.geometry.letterbox import Letterbox


class TensorWriter:
    """Writes pictures into one tensor, again and again; one instance a worker thread.

    A uint8 NHWC model takes the letterboxed picture itself: nothing is copied a second time.
    """

    def __init__(self, spec: InputSpec) -> None:
        """Allocate the tensor of a model input (batch 1)."""
        self._spec = spec
        height, width = spec.height_px, spec.width_px
        self._picture = np.empty((height, width, 3), dtype=np.uint8)
        self._mean = np.array(spec.mean, dtype=np.float32)
        self._scale = 1 / np.array(spec.std, dtype=np.float32)
        if spec.dtype == "uint8" and spec.layout == "NHWC":
            self._tensor: NDArray[np.generic] = self._picture[np.newaxis]
        else:
            shape = (1, height, width, 3) if spec.layout == "NHWC" else (1, 3, height, width)
            self._tensor = np.empty(shape, dtype=spec.dtype)

    def write(self, pixels: NDArray[np.uint8], placement: Letterbox) -> NDArray[np.generic]:
        """Place (H, W, 3) uint8 pixels; the tensor is valid until the next call."""
        letterbox(pixels, placement, self._spec.pad_value, out=self._picture)
        if self._tensor.base is self._picture:
            return self._tensor
        values: NDArray[np.generic] = self._picture
        if self._spec.dtype != "uint8":
            values = (self._picture - self._mean) * self._scale
        self._tensor[0] = values if self._spec.layout == "NHWC" else values.transpose(2, 0, 1)
        return self._tensor

    def copy(self, data: bytes | memoryview) -> NDArray[np.generic]:
        """Take a tensor that the sender made; the result is valid until the next call.

        Raises:
            InvalidImageError: it has another number of bytes.
        """
        if memoryview(data).nbytes != self._tensor.nbytes:
            text = (
                f"the tensor has {memoryview(data).nbytes} bytes; expected {self._tensor.nbytes} "
                f"({self._tensor.dtype} {list(self._tensor.shape)})"
            )
            raise InvalidImageError(text)
        # Not a view: the sender's bytes are read-only, and begin anywhere.
        given = np.frombuffer(data, dtype=self._tensor.dtype)
        self._tensor[...] = given.reshape(self._tensor.shape)
        return self._tensor
