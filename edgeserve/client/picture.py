"""From what a caller calls a picture to a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

import numpy as np

from edgeserve.domain.errors import RequestError
from edgeserve.domain.frame import EncodedFrame, Encoding

if TYPE_CHECKING:
    from numpy.typing import NDArray

Picture = Union["NDArray[np.uint8]", bytes, EncodedFrame]
"""(H, W, 3) uint8 BGR, (H, W) uint8 gray, the bytes of a JPEG, PNG or WebP file, or a frame."""

_GRAY_AXES = 2
_COLOR_AXES = 3
_CHANNELS = 3


def to_frame(picture: Picture, frame_id: int) -> EncodedFrame:
    """Turn a picture into a frame; one that is a frame already keeps its own number.

    Arrays are sent as they are, without compression.

    Raises:
        RequestError: it is none of the forms of `Picture`.
    """
    if isinstance(picture, EncodedFrame):
        return picture
    if isinstance(picture, bytes):
        return EncodedFrame(frame_id, picture)
    if isinstance(picture, np.ndarray):
        return _from_array(picture, frame_id)
    text = f"a picture cannot be a {type(picture).__name__}; expected an array, bytes or a frame"
    raise RequestError(text)


def _from_array(pixels: NDArray[np.uint8], frame_id: int) -> EncodedFrame:
    gray = pixels.ndim == _GRAY_AXES
    color = pixels.ndim == _COLOR_AXES and pixels.shape[2] == _CHANNELS
    if pixels.dtype != np.uint8 or pixels.size == 0 or not (gray or color):
        text = (
            f"the picture is {pixels.shape} {pixels.dtype}; "
            "expected (H, W, 3) BGR or (H, W) gray, uint8 and not empty"
        )
        raise RequestError(text)
    return EncodedFrame(
        frame_id,
        pixels.tobytes(),  # rows without a gap, whatever the array's strides
        Encoding.GRAY if gray else Encoding.BGR,
        width_px=pixels.shape[1],
        height_px=pixels.shape[0],
    )
