"""Decoded boxes with objectness and class scores: the v5 and v7 layout.

One output `detections` (1, N, 5 + C), or (1, 5 + C, N): a box (by default cx, cy, w, h in model
pixels), objectness, and C class scores. The score of a pair is objectness times class score. With
one class the last axis is 6 long, as it is in an end-to-end model's output, which has no cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.postprocess.box_code import BoxCode
from edgeserve.postprocess.candidates import Candidates
from edgeserve.postprocess.output import ANY, check_shapes, names_of, rows_of
from edgeserve.postprocess.pairs import objects_above

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec

_SIDES = 4
_OBJECTNESS = 4


class V5Head:
    """Filters by objectness, then by class score."""

    def __init__(self, spec: ModelSpec) -> None:
        """Prepare for a model.

        Raises:
            ConfigurationError: the output is not named.
        """
        self._model = spec.name
        (self._output,) = names_of(spec, "detections")
        self._channels = _SIDES + 1 + len(spec.labels)
        self._logits = spec.head.activation == "sigmoid"
        self._boxes = BoxCode(spec, "cxcywh")

    def check(self, outputs: Mapping[str, tuple[int, ...]]) -> None:
        """Compare the output's shape with the labels.

        Raises:
            ConfigurationError: the name or the shape differs.
        """
        shapes = [(1, ANY, self._channels), (1, self._channels, ANY)]
        check_shapes(self._model, outputs, {self._output: shapes}, "head v5 and labels")

    def candidates(
        self,
        outputs: Mapping[str, NDArray[np.float32]],
        score_threshold: float,
    ) -> Candidates:
        """Every (box, class) pair that scores above the threshold, boxes in model pixels."""
        rows = rows_of(outputs[self._output], self._channels, first=False)
        boxes, class_ids, scores = objects_above(
            rows[:, _OBJECTNESS],
            rows[:, _SIDES + 1 :],
            score_threshold,
            logits=self._logits,
        )
        return Candidates(
            boxes_xyxy=self._boxes.to_xyxy(rows[boxes, :_SIDES]),
            scores=scores,
            class_ids=class_ids,
        )
