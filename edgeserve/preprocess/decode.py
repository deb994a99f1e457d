"""Bytes to pixels.

JPEG goes through libjpeg-turbo by way of simplejpeg: it writes the channel order that is wanted,
and reports a truncated picture, which OpenCV fills with grey.
Orientation tags are not applied: boxes are in the pixels that the file stores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import simplejpeg

from edgeserve.domain.errors import InvalidImageError, TooManyPixelsError
from edgeserve.domain.frame import ColorOrder, EncodedFrame, Encoding, Frame
from edgeserve.preprocess.header import read_header
from edgeserve.preprocess.raw import decode_raw

if TYPE_CHECKING:
    from numpy.typing import NDArray


def decode(frame: EncodedFrame, color_order: ColorOrder, max_pixels: int) -> Frame:
    """Decode a frame to (H, W, 3) uint8 in the channel order asked for.

    Raises:
        InvalidImageError: not an image, truncated, or not what its header says.
        TooManyPixelsError: the header promises more than `max_pixels`; nothing was decoded.
    """
    if frame.encoding.raw:
        _check_pixels(frame.width_px, frame.height_px, max_pixels)
        return Frame(frame.frame_id, decode_raw(frame, color_order), color_order)
    data = bytes(frame.data)  # bytes already: only raw frames are views
    header = read_header(data)
    if frame.encoding not in {Encoding.AUTO, header.encoding}:
        text = (
            f"the frame says {frame.encoding.value.upper()} "
            f"and its bytes are {header.encoding.value.upper()}"
        )
        raise InvalidImageError(text)
    _check_pixels(header.width_px, header.height_px, max_pixels)
    if header.encoding is Encoding.JPEG:
        pixels = _decode_jpeg(data, color_order)
    else:
        pixels = _decode_other(data, color_order)
    if pixels.shape[:2] != (header.height_px, header.width_px):
        text = (
            f"the header says {header.width_px}x{header.height_px} px "
            f"and the picture has {pixels.shape[1]}x{pixels.shape[0]}"
        )
        raise InvalidImageError(text)
    return Frame(frame.frame_id, pixels, color_order)


def _check_pixels(width_px: int, height_px: int, max_pixels: int) -> None:
    if width_px * height_px > max_pixels:
        text = (
            f"the picture has {width_px}x{height_px} = {width_px * height_px} pixels; "
            f"the limit is {max_pixels} (setting max_pixels)"
        )
        raise TooManyPixelsError(text)


def _decode_jpeg(data: bytes, color_order: ColorOrder) -> NDArray[np.uint8]:
    try:
        pixels = simplejpeg.decode_jpeg(data, colorspace=color_order.value)
    except ValueError as error:
        text = f"the JPEG cannot be decoded: {error}"
        raise InvalidImageError(text) from error
    return cast("NDArray[np.uint8]", pixels)


def _decode_other(data: bytes, color_order: ColorOrder) -> NDArray[np.uint8]:
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        pixels = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags)
    except cv2.error as error:
        text = f"the picture cannot be decoded: {error.err or error}"
        raise InvalidImageError(text) from error
    if pixels is None:
        text = f"the picture cannot be decoded ({len(data)} bytes): truncated or damaged"
        raise InvalidImageError(text)
    if color_order is ColorOrder.RGB:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    return cast("NDArray[np.uint8]", pixels)
