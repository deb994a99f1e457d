"""How a model writes a box, and the corners in model pixels that it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.geometry.boxes import cxcywh_to_xyxy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec


class BoxCode:
    """Reads boxes in the manifest's format and unit, or in a head's own."""

    def __init__(self, spec: ModelSpec, box_format: str, box_unit: str = "pixels") -> None:
        """Prepare for a model; format and unit are those of the head."""
        self._format = spec.head.box_format or box_format
        scale = (1, 1)
        if (spec.head.box_unit or box_unit) == "fraction":
            scale = (spec.input.width_px, spec.input.height_px)
        self._scale = np.array(scale * 2, dtype=np.float32)

    def to_xyxy(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, 4) as the model writes them to corners in model pixels."""
        # What is no number is left to `finalize`.
        with np.errstate(over="ignore", invalid="ignore"):
            if self._format == "cxcywh":
                boxes = cxcywh_to_xyxy(boxes)
            elif self._format == "yxyx":
                boxes = boxes[:, [1, 0, 3, 2]]
            scaled: NDArray[np.float32] = boxes * self._scale
        return scaled
