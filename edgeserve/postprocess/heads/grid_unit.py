"""Boxes in units of their cell, with objectness: the undecoded YOLOX layout.

One output `detections` (1, N, 5 + C), or (1, 5 + C, N), over the cells of all levels (level by
level, row by row), one anchor point a cell: offset of the centre from the cell's top left corner
in cells, logarithm of width and height in cells, objectness, C class scores.

Source: Ge et al., YOLOX, 2021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import ConfigurationError
from edgeserve.geometry.boxes import cxcywh_to_xyxy
from edgeserve.geometry.grid import cell_centres
from edgeserve.postprocess.candidates import Candidates
from edgeserve.postprocess.output import check_shapes, names_of, rows_of
from edgeserve.postprocess.pairs import objects_above

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec

_SIDES = 4
_OBJECTNESS = 4


class GridUnitHead:
    """Filters by objectness, then by class score, and decodes what is left."""

    def __init__(self, spec: ModelSpec) -> None:
        """Prepare the cells of a model.

        Raises:
            ConfigurationError: the output is not named, or strides are missing.
        """
        self._model = spec.name
        (self._output,) = names_of(spec, "detections")
        if not spec.head.strides:
            text = f"model {spec.name}: head grid-unit needs strides, as in [8, 16, 32]"
            raise ConfigurationError(text)
        centres, strides = cell_centres(
            spec.input.width_px,
            spec.input.height_px,
            spec.head.strides,
        )
        self._strides = strides[:, None]
        self._corners = centres - self._strides / 2
        self._channels = _SIDES + 1 + len(spec.labels)
        self._logits = spec.head.activation == "sigmoid"

    def check(self, outputs: Mapping[str, tuple[int, ...]]) -> None:
        """Compare the output's shape with labels and strides.

        Raises:
            ConfigurationError: the name or the shape differs.
        """
        cells = len(self._strides)
        shapes = [(1, cells, self._channels), (1, self._channels, cells)]
        by = "head grid-unit, labels and strides"
        check_shapes(self._model, outputs, {self._output: shapes}, by)

    def candidates(
        self,
        outputs: Mapping[str, NDArray[np.float32]],
        score_threshold: float,
    ) -> Candidates:
        """Every (cell, class) pair that scores above the threshold, boxes in model pixels."""
        rows = rows_of(outputs[self._output], self._channels, first=False)
        cells, class_ids, scores = objects_above(
            rows[:, _OBJECTNESS],
            rows[:, _SIDES + 1 :],
            score_threshold,
            logits=self._logits,
        )
        raw, strides = rows[cells, :_SIDES], self._strides[cells]
        # What is no number is left to `finalize`.
        with np.errstate(over="ignore", invalid="ignore"):
            centres = self._corners[cells] + raw[:, :2] * strides
            sizes = np.exp(raw[:, 2:]) * strides
            boxes = cxcywh_to_xyxy(np.concatenate([centres, sizes], axis=1))
        return Candidates(boxes_xyxy=boxes, scores=scores, class_ids=class_ids)
