"""What a model wants to see, as far as its layout tells."""

from __future__ import annotations

from dataclasses import dataclass

from edgeserve.domain.frame import ColorOrder
from edgeserve.domain.model import Fit

Channels = tuple[float, float, float]
_NONE: Channels = (0.0, 0.0, 0.0)
_BYTES: Channels = (1.0, 1.0, 1.0)
_UNIT: Channels = (255.0, 255.0, 255.0)
_IMAGENET_MEAN: Channels = (123.675, 116.28, 103.53)
_IMAGENET_STD: Channels = (58.395, 57.12, 57.375)


@dataclass(frozen=True, slots=True)
class Habit:
    """How models of a layout are usually trained, and how their boxes are selected.

    Attributes:
        color_order: of the channels.
        fit: where a picture goes.
        mean: of each channel, in 0..255.
        std: of each channel, in 0..255.
        pad_value: around the picture.
        iou: of suppression; 1 suppresses nothing.
    """

    color_order: ColorOrder = ColorOrder.RGB
    fit: Fit = Fit.CENTER
    mean: Channels = _NONE
    std: Channels = _UNIT
    pad_value: int = 114
    iou: float = 0.45


HABITS = {
    "boxes-scores": Habit(fit=Fit.STRETCH),
    "detr": Habit(fit=Fit.STRETCH, iou=1.0),
    "detr-softmax": Habit(fit=Fit.STRETCH, mean=_IMAGENET_MEAN, std=_IMAGENET_STD, iou=1.0),
    "dfl": Habit(),
    "end-to-end": Habit(iou=1.0),
    "grid-unit": Habit(ColorOrder.BGR, Fit.TOP_LEFT, std=_BYTES),
    "ssd": Habit(ColorOrder.BGR, Fit.STRETCH, std=_BYTES, iou=1.0),
    "v5": Habit(),
    "v8": Habit(),
}
"""By layout."""
