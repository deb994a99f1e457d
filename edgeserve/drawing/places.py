"""Zones and lines of a camera on its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeserve.drawing.pen import Pen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgeserve.domain.camera import Line, Zone
    from edgeserve.drawing.palette import Bgr

_ZONE: Bgr = (255, 200, 0)
_LINE: Bgr = (0, 140, 255)
_HEAD_SHARE = 0.04


def draw_places(
    pixels: NDArray[np.uint8],
    zones: Sequence[Zone],
    lines: Sequence[Line],
) -> NDArray[np.uint8]:
    """Draw zones, and lines as arrows from their start to their end, on a copy of the picture.

    Args:
        pixels: (H, W, 3) uint8 BGR; left as it is.
        zones: corners as shares of the picture's sides.
        lines: ends as shares of the picture's sides.

    Returns:
        a new (H, W, 3) uint8 BGR array.
    """
    picture = np.array(pixels, order="C")
    pen = Pen.for_picture(picture)
    for zone in zones:
        corners = [_pixel(picture, point) for point in zone.points]
        cv2.polylines(picture, [np.array(corners)], True, _ZONE, pen.line)  # noqa: FBT003 - closed
        pen.write(picture, zone.name, min(corners, key=lambda corner: corner[1]), _ZONE)
    for line in lines:
        start, end = _pixel(picture, line.start), _pixel(picture, line.end)
        cv2.arrowedLine(picture, start, end, _LINE, pen.line, tipLength=_HEAD_SHARE)
        pen.write(picture, line.name, start, _LINE)
    return picture


def _pixel(picture: NDArray[np.uint8], point: tuple[float, float]) -> tuple[int, int]:
    height_px, width_px = picture.shape[:2]
    return round(point[0] * (width_px - 1)), round(point[1] * (height_px - 1))
