"""Video files, decoded by OpenCV's FFmpeg."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import cv2

from edgeserve.cameras.source import Source
from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.cameras.form import Form
    from edgeserve.domain.frame import EncodedFrame


class VideoFile(Source):
    """The frames of a video file, each one, in the order of the file."""

    def __init__(self, path: Path, form: Form) -> None:
        """Open the file once, to refuse a bad one before any work starts, and read its rate.

        Raises:
            ConfigurationError: it is no video that FFmpeg can read.
        """
        self.name = path.name
        self._path = path
        self._form = form
        capture = self._open()
        try:
            fps = capture.get(cv2.CAP_PROP_FPS)
            count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        finally:
            capture.release()
        self.fps = fps if math.isfinite(fps) and fps > 0 else None
        self.frame_count = int(count) if math.isfinite(count) and count > 0 else None

    def __iter__(self) -> Iterator[EncodedFrame]:
        """Decode and pack frame by frame.

        OpenCV does not tell damage from the end of the file: the first frame that cannot be
        decoded ends the iteration.

        Raises:
            ConfigurationError: not one frame could be decoded.
        """
        capture = self._open()
        try:
            frame_id = 0
            while True:
                good, pixels = capture.read()
                if not good:
                    break
                yield self._form.pack(frame_id, cast("NDArray[np.uint8]", pixels))
                frame_id += 1
        finally:
            capture.release()
        if frame_id == 0:
            text = (
                f"not one frame of the video {self._path} can be decoded; it is damaged, or in "
                "a codec that this OpenCV lacks (re-encode it as H.264)"
            )
            raise ConfigurationError(text)

    def _open(self) -> cv2.VideoCapture:
        # Absolute, since FFmpeg takes what stands before a colon in a relative name as a protocol.
        capture = cv2.VideoCapture(str(self._path.absolute()), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            text = (
                f"{self._path} is neither a picture (by its ending: jpg, jpeg, png, webp) nor a "
                "video that FFmpeg can read"
            )
            raise ConfigurationError(text)
        return capture
