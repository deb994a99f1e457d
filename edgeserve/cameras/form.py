"""The form in which decoded pixels leave a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import simplejpeg

from edgeserve.cameras.packing import raw_frame
from edgeserve.domain.errors import ConfigurationError
from edgeserve.domain.frame import EncodedFrame, Encoding

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BEST_QUALITY = 100


@dataclass(frozen=True, slots=True)
class Form:
    """How a frame is packed.

    Attributes:
        raw: BGR pixels, over the memory of the decoder's, instead of JPEG.
        jpeg_quality: 1..100, where not raw.
    """

    raw: bool = False
    jpeg_quality: int = 90

    def __post_init__(self) -> None:
        """Check the quality.

        Raises:
            ConfigurationError: it is outside 1..100.
        """
        if not 1 <= self.jpeg_quality <= _BEST_QUALITY:
            text = f"jpeg_quality is {self.jpeg_quality}; expected 1 to {_BEST_QUALITY}"
            raise ConfigurationError(text)

    def pack(self, frame_id: int, pixels: NDArray[np.uint8]) -> EncodedFrame:
        """Pack (H, W, 3) uint8 BGR pixels as one frame."""
        if self.raw:
            return raw_frame(frame_id, pixels)
        pixels = np.ascontiguousarray(pixels)
        data = simplejpeg.encode_jpeg(
            pixels,
            quality=self.jpeg_quality,
            colorspace="BGR",
            colorsubsampling="420",
        )
        return EncodedFrame(frame_id, data, Encoding.JPEG)
