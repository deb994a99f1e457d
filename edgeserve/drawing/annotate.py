"""Boxes, labels and scores on a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeserve.drawing.palette import class_color, text_color

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgeserve.domain.detections import Detections
    from edgeserve.drawing.palette import Bgr

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_CHANNELS = 3


@dataclass(frozen=True, slots=True)
class _Pen:
    """Sizes that suit the picture, in pixels; the scale is of the font."""

    line: int
    scale: float
    stroke: int

    @classmethod
    def for_picture(cls, width_px: int, height_px: int) -> _Pen:
        short_px = min(width_px, height_px)
        scale = max(0.4, short_px / 900)
        return cls(max(1, round(short_px / 240)), scale, max(1, round(scale * 1.6)))


def annotate(
    pixels: NDArray[np.uint8],
    detections: Detections,
    labels: Sequence[str],
) -> NDArray[np.uint8]:
    """Draw the detections on a copy of the picture.

    Args:
        pixels: (H, W, 3) uint8 BGR; left as it is.
        detections: boxes in the pixels of this picture; parts outside are cut off.
        labels: one name for each detection, as in a frame's result.

    Returns:
        a new (H, W, 3) uint8 BGR array.

    Raises:
        ValueError: another shape or type, or not one label a detection.
    """
    if pixels.ndim != _CHANNELS or pixels.shape[2] != _CHANNELS or pixels.dtype != np.uint8:
        text = f"the picture is {pixels.shape} {pixels.dtype}; expected (H, W, 3) uint8"
        raise ValueError(text)
    if len(labels) != len(detections):
        text = f"{len(labels)} labels for {len(detections)} detections; expected one for each"
        raise ValueError(text)
    picture = np.array(pixels, order="C")
    height_px, width_px = picture.shape[:2]
    pen = _Pen.for_picture(width_px, height_px)
    corners = detections.boxes_xyxy.round().clip(0, [width_px - 1, height_px - 1] * 2)
    boxes = [(int(x1), int(y1), int(x2), int(y2)) for x1, y1, x2, y2 in corners.tolist()]
    colors = [class_color(class_id) for class_id in detections.class_ids.tolist()]
    # The best come last, on top, and every label lies over every box.
    order = range(len(boxes) - 1, -1, -1)
    for index in order:
        x1, y1, x2, y2 = boxes[index]
        cv2.rectangle(picture, (x1, y1), (x2, y2), colors[index], pen.line)
    for index in order:
        title = f"{labels[index]} {detections.scores[index]:.2f}"
        _write(picture, title, boxes[index], colors[index], pen)
    return picture


def _write(
    picture: NDArray[np.uint8],
    title: str,
    box: tuple[int, int, int, int],
    color: Bgr,
    pen: _Pen,
) -> None:
    """Write above the box, or inside it where the picture ends; never outside the picture."""
    height_px, width_px = picture.shape[:2]
    scale = pen.scale
    (text_width, text_height), below = cv2.getTextSize(title, _FONT, scale, pen.stroke)
    gap = 1 + pen.line
    room = min(
        (width_px - 2 * gap) / text_width,
        (height_px - 2 * gap) / (text_height + below),
        1.0,
    )
    if room <= 0:
        return
    if room < 1:
        scale *= room
        (text_width, text_height), below = cv2.getTextSize(title, _FONT, scale, pen.stroke)
    plate_width, plate_height = text_width + 2 * gap, text_height + below + 2 * gap
    left = max(0, min(box[0], width_px - plate_width))
    top = box[1] - plate_height if box[1] >= plate_height else box[1]
    top = max(0, min(top, height_px - plate_height))
    cv2.rectangle(picture, (left, top), (left + plate_width, top + plate_height), color, cv2.FILLED)
    cv2.putText(
        picture,
        title,
        (left + gap, top + gap + text_height),
        _FONT,
        scale,
        text_color(color),
        pen.stroke,
        cv2.LINE_AA,
    )
