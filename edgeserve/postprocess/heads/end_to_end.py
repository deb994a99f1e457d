"""Finished detections: the layout of models that suppress inside the graph, or need not.

One output `detections` (1, N, 6), N as in 300: a box (by default x1, y1, x2, y2 in model pixels),
score, class. Rows that are not used score 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.postprocess.box_code import BoxCode
from edgeserve.postprocess.candidates import Candidates
from edgeserve.postprocess.output import ANY, check_shapes, names_of, real
from edgeserve.postprocess.written_class import written_class_ids

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec

_ROW = 6
_SIDES = 4
_SCORE, _CLASS = 4, 5


class EndToEndHead:
    """Takes the rows above the threshold."""

    def __init__(self, spec: ModelSpec) -> None:
        """Prepare for a model.

        Raises:
            ConfigurationError: the output is not named.
        """
        self._model = spec.name
        (self._output,) = names_of(spec, "detections")
        self._classes = len(spec.labels)
        self._background = spec.head.background == "first"
        self._boxes = BoxCode(spec, "xyxy")

    def check(self, outputs: Mapping[str, tuple[int, ...]]) -> None:
        """Compare the output's shape with the layout.

        Raises:
            ConfigurationError: the name or the shape differs.
        """
        check_shapes(self._model, outputs, {self._output: [(1, ANY, _ROW)]}, "head end-to-end")

    def candidates(
        self,
        outputs: Mapping[str, NDArray[np.float32]],
        score_threshold: float,
    ) -> Candidates:
        """Every row that scores above the threshold, boxes in model pixels."""
        rows = real(outputs[self._output])[0]
        rows = rows[rows[:, _SCORE] > score_threshold]
        known, class_ids = written_class_ids(
            rows[:, _CLASS],
            self._classes,
            background=self._background,
        )
        rows = rows[known]
        return Candidates(
            boxes_xyxy=self._boxes.to_xyxy(rows[:, :_SIDES]),
            scores=rows[:, _SCORE],
            class_ids=class_ids,
        )
