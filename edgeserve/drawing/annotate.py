"""Boxes, labels and scores on a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeserve.drawing.palette import class_color
from edgeserve.drawing.pen import Pen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgeserve.domain.detections import Detections

_CHANNELS = 3


def annotate(
    pixels: NDArray[np.uint8],
    detections: Detections,
    labels: Sequence[str],
    track_ids: Sequence[int | None] = (),
) -> NDArray[np.uint8]:
    """Draw the detections on a copy of the picture.

    Args:
        pixels: (H, W, 3) uint8 BGR; left as it is.
        detections: boxes in the pixels of this picture; parts outside are cut off.
        labels: one name for each detection, as in a frame's result.
        track_ids: the track of each detection, as in a camera's result; none to write none.

    Returns:
        a new (H, W, 3) uint8 BGR array.

    Raises:
        ValueError: another shape or type, or not one label (or track) a detection.
    """
    if pixels.ndim != _CHANNELS or pixels.shape[2] != _CHANNELS or pixels.dtype != np.uint8:
        text = f"the picture is {pixels.shape} {pixels.dtype}; expected (H, W, 3) uint8"
        raise ValueError(text)
    if len(labels) != len(detections):
        text = f"{len(labels)} labels for {len(detections)} detections; expected one for each"
        raise ValueError(text)
    if track_ids and len(track_ids) != len(detections):
        text = f"{len(track_ids)} tracks for {len(detections)} detections; expected one for each"
        raise ValueError(text)
    picture = np.array(pixels, order="C")
    height_px, width_px = picture.shape[:2]
    pen = Pen.for_picture(picture)
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
        if track_ids and track_ids[index] is not None:
            title = f"#{track_ids[index]} {title}"
        pen.write(picture, title, boxes[index][:2], colors[index])
    return picture
