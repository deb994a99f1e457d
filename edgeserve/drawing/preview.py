"""A camera's frame as a JPEG to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import cv2

from edgeserve.domain.errors import InvalidImageError
from edgeserve.domain.frame import Encoding
from edgeserve.drawing.annotate import annotate
from edgeserve.drawing.picture import encode_jpeg, read_frame
from edgeserve.drawing.places import draw_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.camera import CameraResult, Line, Zone

_QUALITY = 75
_SNAPSHOT_QUALITY = 90


def preview_jpeg(seen: CameraResult, max_width_px: int) -> bytes:
    """The frame of a result, made smaller where it is wider than `max_width_px`.

    Raises:
        InvalidImageError: it cannot be decoded or encoded, or the result has no frame.
    """
    if seen.frame is None:
        text = f"frame {seen.frame_number} of camera {seen.camera} was not kept"
        raise InvalidImageError(text)
    if seen.frame.encoding is Encoding.JPEG and seen.width_px <= max_width_px:
        return bytes(seen.frame.data)
    pixels = read_frame(seen.frame)
    height_px, width_px = pixels.shape[:2]
    if width_px > max_width_px:
        size_px = (max_width_px, max(1, round(height_px * max_width_px / width_px)))
        resized = cv2.resize(pixels, size_px, interpolation=cv2.INTER_AREA)
        pixels = cast("NDArray[np.uint8]", resized)
    return _jpeg(pixels, _QUALITY)


def snapshot_jpeg(
    seen: CameraResult,
    *,
    boxes: bool,
    zones: Sequence[Zone] = (),
    lines: Sequence[Line] = (),
) -> bytes:
    """The frame of a result at its full size.

    Args:
        seen: a result with its frame.
        boxes: draw what was found, zones and lines on it.
        zones: of the camera.
        lines: of the camera.

    Raises:
        InvalidImageError: it cannot be decoded or encoded, or the result has no frame.
    """
    if seen.frame is None:
        text = f"frame {seen.frame_number} of camera {seen.camera} was not kept"
        raise InvalidImageError(text)
    if not boxes:
        return encode_jpeg(seen.frame, _SNAPSHOT_QUALITY)
    pixels = draw_places(read_frame(seen.frame), zones, lines)
    result = seen.result
    return _jpeg(
        annotate(pixels, result.detections, result.labels, seen.track_ids), _SNAPSHOT_QUALITY
    )


def _jpeg(pixels: NDArray[np.uint8], quality: int) -> bytes:
    good, encoded = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))
    if not good:
        height_px, width_px = pixels.shape[:2]
        text = f"a picture of {width_px}x{height_px} px cannot be stored as JPEG"
        raise InvalidImageError(text)
    return bytes(encoded.tobytes())
