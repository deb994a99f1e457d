"""Decoded pixels as raw frames, without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from edgeserve.domain.frame import EncodedFrame, Encoding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Crop = tuple[float, float, float, float]

_ROTATIONS = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}
_CHANNELS = 3


def raw_frame(frame_id: int, pixels: NDArray[np.uint8]) -> EncodedFrame:
    """A raw BGR frame over the memory of (H, W, 3) uint8 pixels, whose rows may have gaps."""
    height_px, width_px = pixels.shape[:2]
    row_bytes = width_px * _CHANNELS
    stride_bytes = pixels.strides[0]
    if pixels.strides[1:] != (_CHANNELS, 1) or stride_bytes < row_bytes:
        pixels = np.ascontiguousarray(pixels)
        stride_bytes = row_bytes
    # From the first pixel to the last: the row after that is not ours.
    flat = np.lib.stride_tricks.as_strided(
        pixels,
        (stride_bytes * (height_px - 1) + row_bytes,),
        (1,),
        writeable=False,
    )
    return EncodedFrame(frame_id, flat.data, Encoding.BGR, width_px, height_px, stride_bytes)


def turned(
    pixels: NDArray[np.uint8],
    rotate: int,
    crop: Crop | None,
) -> NDArray[np.uint8]:
    """Rotate clockwise by 0, 90, 180 or 270 degrees, then crop.

    Args:
        pixels: (H, W, 3) uint8.
        rotate: degrees.
        crop: left, top, right, bottom as shares of the rotated picture; None keeps all of it.

    Returns:
        The picture; cropped, a view with gaps between its rows. At least 1x1 px.
    """
    if rotate:
        pixels = cast("NDArray[np.uint8]", cv2.rotate(pixels, _ROTATIONS[rotate]))
    if crop is None:
        return pixels
    height_px, width_px = pixels.shape[:2]
    left, right = _range(crop[0], crop[2], width_px)
    top, bottom = _range(crop[1], crop[3], height_px)
    return pixels[top:bottom, left:right]


def _range(first: float, last: float, size_px: int) -> tuple[int, int]:
    start = min(round(first * size_px), size_px - 1)
    return start, max(start + 1, round(last * size_px))
