"""The output of an SSD's own detection layer.

One output `detections` (1, 1, N, 7): image, class, score, and a box (by default x1, y1, x2, y2 as
a fraction of the input). After the last detection comes a row with image -1. Classes often begin
at 1: then the manifest says `background = "first"`.

Source: Liu et al., SSD, 2016 (the layer DetectionOutput).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.postprocess.box_code import BoxCode
from edgeserve.postprocess.candidates import Candidates
from edgeserve.postprocess.output import ANY, check_shapes, names_of, real
from edgeserve.postprocess.written_class import written_class_ids

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec

_ROW = 7
_IMAGE, _CLASS, _SCORE, _BOX = 0, 1, 2, 3


class SsdHead:
    """Takes the rows above the threshold, up to the end mark."""

    def __init__(self, spec: ModelSpec) -> None:
        """Prepare for a model.

        Raises:
            ConfigurationError: the output is not named.
        """
        self._model = spec.name
        (self._output,) = names_of(spec, "detections")
        self._classes = len(spec.labels)
        self._background = spec.head.background == "first"
        self._boxes = BoxCode(spec, "xyxy", "fraction")

    def check(self, outputs: Mapping[str, tuple[int, ...]]) -> None:
        """Compare the output's shape with the layout.

        Raises:
            ConfigurationError: the name or the shape differs.
        """
        check_shapes(self._model, outputs, {self._output: [(1, 1, ANY, _ROW)]}, "head ssd")

    def candidates(
        self,
        outputs: Mapping[str, NDArray[np.float32]],
        score_threshold: float,
    ) -> Candidates:
        """Every row that scores above the threshold, boxes in model pixels."""
        rows = real(outputs[self._output])[0, 0]
        ends = np.flatnonzero(rows[:, _IMAGE] < 0)
        if len(ends):
            # Behind the end mark lies what the memory held before.
            rows = rows[: ends[0]]
        rows = rows[rows[:, _SCORE] > score_threshold]
        known, class_ids = written_class_ids(
            rows[:, _CLASS],
            self._classes,
            background=self._background,
        )
        rows = rows[known]
        return Candidates(
            boxes_xyxy=self._boxes.to_xyxy(rows[:, _BOX:]),
            scores=rows[:, _SCORE],
            class_ids=class_ids,
        )
