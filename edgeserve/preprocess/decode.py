"""Bytes to pixels.

JPEG goes through libjpeg-turbo by way of simplejpeg: it writes the channel order that is wanted,
and reports a truncated picture, which OpenCV fills with grey.
For 1/2, 1/4 or 1/8 of the size libjpeg leaves out the high frequencies of each block, and most of
its time with them.
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
from edgeserve.preprocess.jpeg_segments import check_scans
from edgeserve.preprocess.pixel_buffer import PixelBuffer
from edgeserve.preprocess.png_chunks import check_png
from edgeserve.preprocess.raw import decode_raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def decode(
    frame: EncodedFrame,
    color_order: ColorOrder,
    max_pixels: int,
    *,
    buffer: PixelBuffer | None = None,
    reduction: Callable[[int, int], int] | None = None,
) -> Frame:
    """Decode a frame to (H, W, 3) uint8 in the channel order asked for.

    Args:
        frame: as it came.
        color_order: of the pixels.
        max_pixels: the largest picture decoded.
        buffer: memory for the pixels of a JPEG, which are then valid until it is used again.
        reduction: from width and height of a JPEG to 1, 2, 4 or 8, by which its pixels may be
            made fewer on each side.

    Raises:
        InvalidImageError: not an image, truncated, or not what its header says.
        TooManyPixelsError: the header promises more than `max_pixels`; nothing was decoded.
        MemoryError: there is none for the pixels.
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
    size_px = (header.width_px, header.height_px)
    if header.encoding is Encoding.JPEG:
        check_scans(data)
        factor = reduction(*size_px) if reduction is not None else 1
        expected_px = (-(-size_px[0] // factor), -(-size_px[1] // factor))
        pixels = _decode_jpeg(data, color_order, expected_px, buffer or PixelBuffer())
    else:
        if header.encoding is Encoding.PNG:
            check_png(data, *size_px)
        factor, expected_px = 1, size_px
        pixels = _decode_other(data, color_order)
    if pixels.shape[1::-1] != expected_px:
        text = (
            f"the header says {size_px[0]}x{size_px[1]} px "
            f"and the picture has {pixels.shape[1] * factor}x{pixels.shape[0] * factor}"
        )
        raise InvalidImageError(text)
    return Frame(frame.frame_id, pixels, color_order, size_px if factor > 1 else None)


def _check_pixels(width_px: int, height_px: int, max_pixels: int) -> None:
    if width_px * height_px > max_pixels:
        text = (
            f"the picture has {width_px}x{height_px} = {width_px * height_px} pixels; "
            f"the limit is {max_pixels} (setting max_pixels)"
        )
        raise TooManyPixelsError(text)


def _decode_jpeg(
    data: bytes,
    color_order: ColorOrder,
    size_px: tuple[int, int],
    buffer: PixelBuffer,
) -> NDArray[np.uint8]:
    """Decode at the smallest size in eighths of the picture's that is not below `size_px`."""
    width, height = size_px
    try:
        pixels = simplejpeg.decode_jpeg(
            data,
            colorspace=color_order.value,
            min_width=width,
            min_height=height,
            buffer=buffer.take(3 * width * height),
        )
    except ValueError as error:
        text = f"the JPEG cannot be decoded: {error}"
        raise InvalidImageError(text) from error
    return cast("NDArray[np.uint8]", pixels)


def _decode_other(data: bytes, color_order: ColorOrder) -> NDArray[np.uint8]:
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        pixels = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from error
        text = f"the picture cannot be decoded: {error.err or error}"
        raise InvalidImageError(text) from error
    if pixels is None:
        text = f"the picture cannot be decoded ({len(data)} bytes): truncated or damaged"
        raise InvalidImageError(text)
    if color_order is ColorOrder.RGB:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    return cast("NDArray[np.uint8]", pixels)
