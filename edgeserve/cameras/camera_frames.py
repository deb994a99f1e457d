"""A configured camera's frames: its source, at its rate, turned and cropped as it says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from edgeserve.cameras.open import open_source
from edgeserve.cameras.pacing import paced
from edgeserve.cameras.packing import raw_frame, turned
from edgeserve.cameras.picker import Picker
from edgeserve.cameras.reading import Reading
from edgeserve.cameras.source import Source
from edgeserve.domain.errors import NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from numpy.typing import NDArray

    from edgeserve.cameras.options import CameraOptions
    from edgeserve.domain.frame import EncodedFrame

_CHANNELS = 3
_PICTURES_FPS = 1.0


class CameraFrames(Source):
    """The frames of one connection to a camera, raw BGR unless they are pictures as they are."""

    frame_count = None
    fps: float | None = None

    def __init__(self, options: CameraOptions, sleep: Callable[[float], None]) -> None:
        """Prepare the source; live ones are opened when it is iterated.

        Args:
            options: of the camera.
            sleep: waits for so many seconds, or less when the camera is to end.

        Raises:
            NotAvailableError: there is no such file, or it may not be read.
            ConfigurationError: the URL is no source.
        """
        self.name = options.name
        self._options = options
        self._sleep = sleep
        self._source = open_source(options.url.secret, raw=True, reading=_reading(options))
        self.live = self._source.live

    def __iter__(self) -> Generator[EncodedFrame, None, None]:
        """Give frames until the source ends (files) or breaks (live ones).

        Raises:
            NotAvailableError: the source cannot be opened, or gives no frames any more.
        """
        options = self._options
        for frame in self._source if self.live else self._played():
            if options.rotate or options.crop:
                yield self._turned(frame)
            else:
                yield frame

    def close(self) -> None:
        """Close the source underneath."""
        self._source.close()

    def _played(self) -> Iterator[EncodedFrame]:
        """A file's frames, at its own rate or as fast as they are taken."""
        options, source = self._options, self._source
        while True:
            picker = Picker(options.every_nth, options.fps if source.fps else 0.0)
            period_s = 1 / source.fps if source.fps else 0.0
            for number, frame in enumerate(self._at_its_rate(source)):
                if picker.take(number * period_s):
                    yield frame
            if not options.loop:
                return

    def _at_its_rate(self, source: Source) -> Iterator[EncodedFrame]:
        if not self._options.realtime:
            return iter(source)
        fps = source.fps or self._options.fps or _PICTURES_FPS
        return paced(source, fps, sleep=self._sleep)

    @property
    def last_seen_s(self) -> float:  # type: ignore[override]
        """When the source last gave a frame."""
        return self._source.last_seen_s

    @property
    def decoder(self) -> str:  # type: ignore[override]
        """What decodes the source."""
        return self._source.decoder

    def _turned(self, frame: EncodedFrame) -> EncodedFrame:
        options = self._options
        pixels = turned(_pixels(frame), options.rotate, options.crop)
        return replace(
            raw_frame(frame.frame_id, pixels),
            capture_time_unix_ns=frame.capture_time_unix_ns,
        )


def _pixels(frame: EncodedFrame) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR of a source's own frame: raw without gaps, or a picture file."""
    data = np.frombuffer(frame.data, dtype=np.uint8)
    if frame.encoding.raw:
        return data.reshape(frame.height_px, frame.width_px, _CHANNELS)
    pixels = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        text = f"picture {frame.frame_id} cannot be decoded ({len(data)} bytes)"
        raise NotAvailableError(text)
    return cast("NDArray[np.uint8]", pixels)


def _reading(options: CameraOptions) -> Reading:
    return Reading(
        transport=options.transport,
        backend=options.backend,
        hardware=options.hardware,
        keyframes_only=options.keyframes_only,
        every_nth=options.every_nth,
        fps=options.fps,
        connect_timeout_s=options.connect_timeout,
        read_timeout_s=options.read_timeout,
        max_lag_s=options.max_lag,
    )
