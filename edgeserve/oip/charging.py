"""What a request's frames cost its client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.access.gate import current_meter
from edgeserve.preprocess.header import count_pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.domain.frame import EncodedFrame


def charge(frames: Sequence[EncodedFrame]) -> None:
    """Count the frames, or refuse them.

    Raises:
        RateLimitedError: naming the setting.
    """
    meter = current_meter()
    if meter is None:
        return
    for frame in frames:
        pixels = 0
        if meter.counts_pixels:
            size_px = (frame.width_px, frame.height_px)
            pixels = count_pixels(frame.data, *size_px, raw=frame.encoding.raw)
        meter.charge(len(frame.data), pixels)
