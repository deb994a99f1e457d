"""What the user says about a model that is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.domain.frame import ColorOrder
    from edgeserve.domain.model import Fit


@dataclass(frozen=True, slots=True)
class Wishes:
    """None and empty where the user says nothing.

    Attributes:
        out: folder of bundles; the new one lies in OUT/NAME/VERSION.
        name: of the model; else the file's.
        version: of the model; else the first number that is free.
        labels: class names.
        layout: name of a head.
        size_px: width and height, for files that leave them open.
        color_order: of the input's channels.
        fit: where a picture goes.
        pad_value: around it.
        mean: of each channel, in 0..255.
        std: of each channel, in 0..255.
        score: default score threshold.
        iou: default IoU threshold.
    """

    out: Path
    name: str = ""
    version: str = ""
    labels: tuple[str, ...] = ()
    layout: str | None = None
    size_px: tuple[int, int] | None = None
    color_order: ColorOrder | None = None
    fit: Fit | None = None
    pad_value: int | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    score: float | None = None
    iou: float | None = None
