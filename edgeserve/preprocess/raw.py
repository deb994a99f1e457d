"""Raw pixels to (H, W, 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from edgeserve.domain.errors import InvalidImageError
from edgeserve.domain.frame import ColorOrder, EncodedFrame, Encoding

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHANNELS = {Encoding.BGR: 3, Encoding.RGB: 3, Encoding.GRAY: 1, Encoding.NV12: 1}
_CONVERSIONS = {
    (Encoding.RGB, ColorOrder.BGR): cv2.COLOR_RGB2BGR,
    (Encoding.BGR, ColorOrder.RGB): cv2.COLOR_BGR2RGB,
    (Encoding.GRAY, ColorOrder.BGR): cv2.COLOR_GRAY2BGR,
    (Encoding.GRAY, ColorOrder.RGB): cv2.COLOR_GRAY2RGB,
    (Encoding.NV12, ColorOrder.BGR): cv2.COLOR_YUV2BGR_NV12,
    (Encoding.NV12, ColorOrder.RGB): cv2.COLOR_YUV2RGB_NV12,
}


def decode_raw(frame: EncodedFrame, color_order: ColorOrder) -> NDArray[np.uint8]:
    """View or convert a raw frame as (H, W, 3) uint8.

    Raises:
        InvalidImageError: size, stride and number of bytes do not fit together.
    """
    rows = _rows(frame)
    if frame.encoding in {Encoding.BGR, Encoding.RGB}:
        pixels = rows.reshape(frame.height_px, frame.width_px, 3)
    else:
        pixels = rows
    conversion = _CONVERSIONS.get((frame.encoding, color_order))
    if conversion is None:
        return pixels
    return cast("NDArray[np.uint8]", cv2.cvtColor(pixels, conversion))


def _rows(frame: EncodedFrame) -> NDArray[np.uint8]:
    """The rows of the frame without the gaps between them."""
    width, height, encoding = frame.width_px, frame.height_px, frame.encoding
    name = encoding.value.upper()
    if width <= 0 or height <= 0:
        text = f"a raw {name} frame needs its width and height, not {width}x{height}"
        raise InvalidImageError(text)
    if encoding is Encoding.NV12:
        if width % 2 or height % 2:
            text = f"an NV12 frame has even sizes, not {width}x{height}"
            raise InvalidImageError(text)
        height += height // 2
    row_bytes = width * _CHANNELS[encoding]
    stride = frame.stride_bytes or row_bytes
    if stride < row_bytes:
        text = f"the stride is {stride} bytes and a row of {width} px {name} has {row_bytes}"
        raise InvalidImageError(text)
    # The last row needs no gap behind it.
    least = stride * (height - 1) + row_bytes
    if not least <= len(frame.data) <= stride * height:
        text = (
            f"a {width}x{frame.height_px} {name} frame with stride {stride} has {least} bytes, "
            f"not {len(frame.data)}"
        )
        raise InvalidImageError(text)
    flat = np.frombuffer(frame.data, dtype=np.uint8)
    if stride == row_bytes:
        return flat.reshape(height, row_bytes)
    return np.lib.stride_tricks.as_strided(flat, (height, row_bytes), (stride, 1), writeable=False)
