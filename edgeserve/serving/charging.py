"""What a frame costs its client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.preprocess.header import count_pixels
from edgeserve.wire.codec.frame import is_raw

if TYPE_CHECKING:
    from edgeserve.access.meter import Meter
    from edgeserve.wire._generated import detection_pb2 as pb


def charge(meter: Meter, image: pb.Image) -> None:
    """Count a picture, or refuse it.

    Raises:
        RateLimitedError: naming the setting.
    """
    meter.charge(len(image.data), _pixels(meter, image))


def charge_ahead(meter: Meter, image: pb.Image) -> float:
    """Count a picture in any case; return the seconds to wait before the next is read."""
    return meter.charge_ahead(len(image.data), _pixels(meter, image))


def _pixels(meter: Meter, image: pb.Image) -> int:
    """As the header says, which is read only where pixels are counted."""
    if not meter.counts_pixels:
        return 0
    return count_pixels(image.data, image.width_px, image.height_px, raw=is_raw(image))
