"""How a source picture is placed in a model's input, and the way back.

This module holds the only rounding rule: the resized picture has whole pixels, and both
directions use the scale that results from those whole pixels, so that the inverse is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.model import Fit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Letterbox:
    """The placement of one source size in one model size. All sizes in pixels."""

    source_width_px: int
    source_height_px: int
    model_width_px: int
    model_height_px: int
    resized_width_px: int
    resized_height_px: int
    left_px: int
    top_px: int

    @classmethod
    def plan(
        cls,
        source_width_px: int,
        source_height_px: int,
        model_width_px: int,
        model_height_px: int,
        fit: Fit = Fit.CENTER,
    ) -> Letterbox:
        """Place a source of the given size in a model input of the given size.

        Raises:
            ValueError: a size is not positive.
        """
        if min(source_width_px, source_height_px, model_width_px, model_height_px) <= 0:
            msg = (
                f"sizes must be positive: source {source_width_px}x{source_height_px}, "
                f"model {model_width_px}x{model_height_px}"
            )
            raise ValueError(msg)
        if fit is Fit.STRETCH:
            width, height = model_width_px, model_height_px
        else:
            scale = min(model_width_px / source_width_px, model_height_px / source_height_px)
            width = min(model_width_px, max(1, round(source_width_px * scale)))
            height = min(model_height_px, max(1, round(source_height_px * scale)))
        centred = fit is Fit.CENTER
        return cls(
            source_width_px=source_width_px,
            source_height_px=source_height_px,
            model_width_px=model_width_px,
            model_height_px=model_height_px,
            resized_width_px=width,
            resized_height_px=height,
            left_px=(model_width_px - width) // 2 if centred else 0,
            top_px=(model_height_px - height) // 2 if centred else 0,
        )

    @property
    def scale_x(self) -> float:
        """Model pixels for one source pixel, horizontally."""
        return self.resized_width_px / self.source_width_px

    @property
    def scale_y(self) -> float:
        """Model pixels for one source pixel, vertically."""
        return self.resized_height_px / self.source_height_px

    @property
    def reduction(self) -> int:
        """8, 4, 2 or 1: the source may be made so many times smaller before it is resized."""
        wanted = (self.resized_width_px, self.resized_height_px)
        for factor in (8, 4, 2):
            # A side is rounded up: its last, incomplete group of pixels becomes one, too.
            sides = (-(-self.source_width_px // factor), -(-self.source_height_px // factor))
            if sides[0] >= wanted[0] and sides[1] >= wanted[1]:
                return factor
        return 1

    def to_model(self, boxes_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (N, 4) float32 from source pixels to model pixels."""
        return boxes_xyxy * self._scale() + self._offset()

    def to_source(self, boxes_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (N, 4) float32 from model pixels to source pixels, clipped to the picture."""
        boxes = (boxes_xyxy - self._offset()) / self._scale()
        limit = np.array(
            [self.source_width_px, self.source_height_px] * 2,
            dtype=np.float32,
        )
        clipped: NDArray[np.float32] = np.clip(boxes, np.float32(0), limit)
        return clipped

    def _scale(self) -> NDArray[np.float32]:
        return np.array([self.scale_x, self.scale_y] * 2, dtype=np.float32)

    def _offset(self) -> NDArray[np.float32]:
        return np.array([self.left_px, self.top_px] * 2, dtype=np.float32)
