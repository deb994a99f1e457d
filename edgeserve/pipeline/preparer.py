"""The first half of the spine: a frame through decode and letterbox."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.domain.frame import Encoding
from edgeserve.geometry.letterbox import Letterbox
from edgeserve.preprocess.decode import decode
from edgeserve.preprocess.pixel_buffer import PixelBuffer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.pipeline.detector import Detector
    from edgeserve.preprocess.tensor import TensorWriter


@dataclass(frozen=True, slots=True)
class Prepared:
    """A frame as the engine takes it.

    Attributes:
        tensor: the engine's input for one frame, valid until its writer's next.
        placement: of the picture in it.
        decode_us: time for its pixels.
        preprocess_us: time from there.
    """

    tensor: NDArray[np.generic]
    placement: Letterbox
    decode_us: int
    preprocess_us: int


class FramePreparer:
    """Turns frames into tensors, one after another; owned by one thread."""

    def __init__(self, detector: Detector) -> None:
        """Create the memory for pixels."""
        self._input = detector.input
        self._max_pixels = detector.max_pixels
        self._reduction = self._reduce if detector.reduced_decode else None
        self._pixels = PixelBuffer()

    def prepare(self, frame: EncodedFrame, tensor: TensorWriter) -> Prepared:
        """Decode a frame and place it in a tensor of the detector's input.

        Raises:
            FrameError: the frame cannot be decoded, or is a tensor of another size.
        """
        started = time.monotonic_ns()
        if frame.encoding is Encoding.TENSOR:
            values = tensor.copy(frame.data)
            copied_us = (time.monotonic_ns() - started) // 1000
            placement = self._place(self._input.width_px, self._input.height_px)
            return Prepared(values, placement, decode_us=0, preprocess_us=copied_us)
        picture = decode(
            frame,
            self._input.color_order,
            self._max_pixels,
            buffer=self._pixels,
            reduction=self._reduction,
        )
        decoded = time.monotonic_ns()
        placement = self._place(picture.width_px, picture.height_px)
        values = tensor.write(picture.pixels, placement)
        return Prepared(
            tensor=values,
            placement=placement,
            decode_us=(decoded - started) // 1000,
            preprocess_us=(time.monotonic_ns() - decoded) // 1000,
        )

    def _place(self, width_px: int, height_px: int) -> Letterbox:
        wanted = self._input
        return Letterbox.plan(width_px, height_px, wanted.width_px, wanted.height_px, wanted.fit)

    def _reduce(self, width_px: int, height_px: int) -> int:
        return self._place(width_px, height_px).reduction
