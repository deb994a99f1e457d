"""Decoded boxes with class scores, no objectness: the v8, v9, 11 and 12 layout.

One output `detections` (1, 4 + C, N), or (1, N, 4 + C): a box (by default cx, cy, w, h in model
pixels) and C class scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.postprocess.box_code import BoxCode
from edgeserve.postprocess.candidates import Candidates
from edgeserve.postprocess.output import ANY, check_shapes, names_of, rows_of
from edgeserve.postprocess.pairs import pairs_above

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec

_SIDES = 4


class V8Head:
    """Looks through the class scores, then takes the boxes of those above the threshold."""

    def __init__(self, spec: ModelSpec) -> None:
        """Prepare for a model.

        Raises:
            ConfigurationError: the output is not named.
        """
        self._model = spec.name
        (self._output,) = names_of(spec, "detections")
        self._channels = _SIDES + len(spec.labels)
        self._logits = spec.head.activation == "sigmoid"
        self._boxes = BoxCode(spec, "cxcywh")

    def check(self, outputs: Mapping[str, tuple[int, ...]]) -> None:
        """Compare the output's shape with the labels.

        Raises:
            ConfigurationError: the name or the shape differs.
        """
        shapes = [(1, self._channels, ANY), (1, ANY, self._channels)]
        check_shapes(self._model, outputs, {self._output: shapes}, "head v8 and labels")

    def candidates(
        self,
        outputs: Mapping[str, NDArray[np.float32]],
        score_threshold: float,
    ) -> Candidates:
        """Every (box, class) pair that scores above the threshold, boxes in model pixels."""
        rows = rows_of(outputs[self._output], self._channels, first=True)
        boxes, class_ids, scores = pairs_above(
            rows[:, _SIDES:],
            score_threshold,
            logits=self._logits,
        )
        return Candidates(
            boxes_xyxy=self._boxes.to_xyxy(rows[boxes, :_SIDES]),
            scores=scores,
            class_ids=class_ids,
        )
