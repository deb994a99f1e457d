"""A picture on its way in: first as bytes, then as pixels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Encoding(str, Enum):
    """How the bytes of a frame become pixels."""

    AUTO = "auto"
    """JPEG, PNG or WebP, recognised from the first bytes."""
    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    BGR = "bgr"
    RGB = "rgb"
    GRAY = "gray"
    NV12 = "nv12"
    TENSOR = "tensor"
    """A model's own input for one frame: nothing is decoded, and the model's pixels are its own."""

    @property
    def raw(self) -> bool:
        """Whether the bytes are pixels already."""
        return self in {Encoding.BGR, Encoding.RGB, Encoding.GRAY, Encoding.NV12}


class ColorOrder(str, Enum):
    """The order of the channels of a picture."""

    BGR = "BGR"
    RGB = "RGB"


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """A frame as it came.

    Attributes:
        frame_id: the sender's number, given back with the result.
        data: the encoded picture, or the raw pixels (of our own cameras: a view of them), or the
            tensor.
        encoding: what `data` is.
        width_px: raw encodings only, else 0.
        height_px: raw encodings only, else 0.
        stride_bytes: raw encodings only; 0 means rows without a gap.
        arrival_ns: when the server had read it, on the monotonic clock.
        capture_time_unix_ns: when it was taken, by the sender's clock; None if unknown.
    """

    frame_id: int
    data: bytes | memoryview
    encoding: Encoding = Encoding.AUTO
    width_px: int = 0
    height_px: int = 0
    stride_bytes: int = 0
    arrival_ns: int = 0
    capture_time_unix_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame.

    Attributes:
        frame_id: the sender's number.
        pixels: (H, W, 3) uint8, rows from top to bottom.
        color_order: of the last axis.
        sent_size_px: (width, height) of the picture as it was sent, where `pixels` hold all of it
            at a smaller size; None where they hold it as it is.
    """

    frame_id: int
    pixels: NDArray[np.uint8]
    color_order: ColorOrder = ColorOrder.BGR
    sent_size_px: tuple[int, int] | None = None

    @property
    def width_px(self) -> int:
        """Width of the picture as it was sent."""
        return self.sent_size_px[0] if self.sent_size_px else int(self.pixels.shape[1])

    @property
    def height_px(self) -> int:
        """Height of the picture as it was sent."""
        return self.sent_size_px[1] if self.sent_size_px else int(self.pixels.shape[0])
