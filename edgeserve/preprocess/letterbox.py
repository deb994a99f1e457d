"""Pixels into the model's input picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeserve.geometry.letterbox import Letterbox


def letterbox(
    pixels: NDArray[np.uint8],
    placement: Letterbox,
    pad_value: int,
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Resize a picture into its place and fill the rest.

    Args:
        pixels: (H, W, 3) uint8, the whole source picture, at its own size or a reduced one.
        placement: where the picture goes.
        pad_value: 0..255, written to all channels outside the picture.
        out: (model height, model width, 3) uint8 to write into; a new array when absent.

    Returns:
        (model height, model width, 3) uint8, channel order as given.
    """
    shape = (placement.model_height_px, placement.model_width_px, 3)
    if out is None:
        out = np.empty(shape, dtype=np.uint8)
    top, left = placement.top_px, placement.left_px
    bottom, right = top + placement.resized_height_px, left + placement.resized_width_px
    out[:top] = pad_value
    out[bottom:] = pad_value
    out[top:bottom, :left] = pad_value
    out[top:bottom, right:] = pad_value
    inner = out[top:bottom, left:right]
    size = (placement.resized_width_px, placement.resized_height_px)
    resized = cv2.resize(pixels, size, dst=inner, interpolation=cv2.INTER_LINEAR)
    if resized is not inner:
        inner[...] = resized
    return out
