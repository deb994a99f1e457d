"""Lines and words whose size suits the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2

from edgeserve.drawing.palette import text_color

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Self

    from edgeserve.drawing.palette import Bgr

_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True)
class Pen:
    """Sizes that suit the picture, in pixels; the scale is of the font."""

    line: int
    scale: float
    stroke: int

    @classmethod
    def for_picture(cls, picture: NDArray[np.uint8]) -> Self:
        """Sizes for (H, W, 3) pixels."""
        short_px = min(picture.shape[:2])
        scale = max(0.4, short_px / 900)
        return cls(max(1, round(short_px / 240)), scale, max(1, round(scale * 1.6)))

    def write(
        self,
        picture: NDArray[np.uint8],
        title: str,
        corner: tuple[int, int],
        color: Bgr,
    ) -> None:
        """Write on a plate above the corner, or below where the picture ends; never outside it."""
        if not title:
            return
        height_px, width_px = picture.shape[:2]
        scale = self.scale
        (text_width, text_height), below = cv2.getTextSize(title, _FONT, scale, self.stroke)
        gap = 1 + self.line
        room = min(
            (width_px - 2 * gap) / text_width,
            (height_px - 2 * gap) / (text_height + below),
            1.0,
        )
        if room <= 0:
            return
        if room < 1:
            scale *= room
            (text_width, text_height), below = cv2.getTextSize(title, _FONT, scale, self.stroke)
        plate_width, plate_height = text_width + 2 * gap, text_height + below + 2 * gap
        left = max(0, min(corner[0], width_px - plate_width))
        top = corner[1] - plate_height if corner[1] >= plate_height else corner[1]
        top = max(0, min(top, height_px - plate_height))
        cv2.rectangle(
            picture, (left, top), (left + plate_width, top + plate_height), color, cv2.FILLED
        )
        cv2.putText(
            picture,
            title,
            (left + gap, top + gap + text_height),
            _FONT,
            scale,
            text_color(color),
            self.stroke,
            cv2.LINE_AA,
        )
