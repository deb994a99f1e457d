"""Pictures to draw on, from bytes and to the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from edgeserve.domain.errors import ConfigurationError, InvalidImageError, NotAvailableError
from edgeserve.domain.frame import Encoding

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edgeserve.domain.frame import EncodedFrame

_WRITABLE = (".jpg", ".jpeg", ".png", ".webp")
_CHANNELS = 3


def read_picture(data: bytes) -> NDArray[np.uint8]:
    """Decode a JPEG, PNG or WebP picture to (H, W, 3) uint8 BGR.

    Orientation tags are not applied: boxes are in the pixels that the file stores.

    Raises:
        InvalidImageError: it cannot be decoded.
    """
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        pixels = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags) if data else None
    except cv2.error as error:
        text = f"the picture cannot be decoded ({len(data)} bytes): {error.err or error}"
        raise InvalidImageError(text) from error
    if pixels is None:
        text = (
            f"the picture cannot be decoded ({len(data)} bytes); "
            "expected a whole JPEG, PNG or WebP file"
        )
        raise InvalidImageError(text)
    return cast("NDArray[np.uint8]", pixels)


def read_frame(frame: EncodedFrame) -> NDArray[np.uint8]:
    """Decode a frame to (H, W, 3) uint8 BGR; it may be encoded or raw BGR.

    Raw pixels are a view of the frame's bytes, read-only.

    Raises:
        InvalidImageError: it cannot be decoded, its bytes do not fit its size, or it is raw in
            another order than BGR.
    """
    if not frame.encoding.raw:
        return read_picture(bytes(frame.data))
    if frame.encoding is not Encoding.BGR:
        text = (
            f"frame {frame.frame_id} is raw {frame.encoding.value.upper()}; "
            "expected raw BGR, JPEG, PNG or WebP"
        )
        raise InvalidImageError(text)
    row_bytes = frame.width_px * _CHANNELS
    stride_bytes = frame.stride_bytes or row_bytes
    needed = stride_bytes * (frame.height_px - 1) + row_bytes
    if min(frame.width_px, frame.height_px) < 1 or stride_bytes < row_bytes:
        text = (
            f"frame {frame.frame_id} is said to be {frame.width_px}x{frame.height_px} px with "
            f"{stride_bytes} bytes a row; expected at least 1x1 px and 3 bytes a pixel"
        )
        raise InvalidImageError(text)
    if len(frame.data) < needed:
        text = (
            f"frame {frame.frame_id} has {len(frame.data)} bytes; "
            f"{frame.width_px}x{frame.height_px} px of raw BGR take {needed}"
        )
        raise InvalidImageError(text)
    return np.ndarray(
        (frame.height_px, frame.width_px, _CHANNELS),
        dtype=np.uint8,
        buffer=frame.data,
        strides=(stride_bytes, _CHANNELS, 1),
    )


def encode_jpeg(frame: EncodedFrame, quality: int = 85) -> bytes:
    """A frame as JPEG: its own bytes where it is one.

    Raises:
        InvalidImageError: it cannot be decoded or encoded.
    """
    if frame.encoding is Encoding.JPEG:
        return bytes(frame.data)
    good, encoded = cv2.imencode(".jpg", read_frame(frame), (cv2.IMWRITE_JPEG_QUALITY, quality))
    if not good:
        text = f"frame {frame.frame_id} cannot be stored as JPEG"
        raise InvalidImageError(text)
    return bytes(encoded.tobytes())


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write (H, W, 3) uint8 BGR pixels in the format that the name ends in.

    The folder is made where it is missing; a file that is there is replaced.

    Raises:
        ConfigurationError: the ending is none of jpg, jpeg, png, webp, or the picture is larger
            than that format holds.
        NotAvailableError: the disk refuses.
    """
    suffix = path.suffix.lower()
    if suffix not in _WRITABLE:
        text = f"cannot write {path}: expected a name ending in {', '.join(_WRITABLE)}"
        raise ConfigurationError(text)
    try:
        good, encoded = cv2.imencode(suffix, pixels)
    except cv2.error:
        good = False
    if not good:
        height_px, width_px = pixels.shape[:2]
        text = (
            f"cannot write {path}: {width_px}x{height_px} px cannot be stored as {suffix}; "
            "use .png or a smaller picture"
        )
        raise ConfigurationError(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        text = f"cannot write {path}: {error.strerror}"
        raise NotAvailableError(text) from error
