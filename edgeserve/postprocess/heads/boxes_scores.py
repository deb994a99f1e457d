"""Two outputs: decoded boxes, and class scores.

- `boxes` (1, N, 4), (1, 4, N) or (1, N, 1, 4), by default x1, y1, x2, y2 in model pixels;
- `scores` (1, N, C) or (1, C, N). With `background = "first"` they are C + 1, and the first of
  them says that there is nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.postprocess.box_code import BoxCode
from edgeserve.postprocess.candidates import Candidates
from edgeserve.postprocess.output import ANY, Shape, check_shapes, names_of, real, rows_of
from edgeserve.postprocess.pairs import pairs_above

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec

_SIDES = 4


class BoxesScoresHead:
    """Looks through the class scores, then takes the boxes of those above the threshold."""

    def __init__(self, spec: ModelSpec) -> None:
        """Prepare for a model.

        Raises:
            ConfigurationError: an output is not named.
        """
        self._model = spec.name
        self._boxes, self._scores = names_of(spec, "boxes", "scores")
        self._skipped = 1 if spec.head.background == "first" else 0
        self._channels = len(spec.labels) + self._skipped
        self._logits = spec.head.activation == "sigmoid"
        self._code = BoxCode(spec, "xyxy")

    def check(self, outputs: Mapping[str, tuple[int, ...]]) -> None:
        """Compare the outputs' shapes with the labels and with each other.

        Raises:
            ConfigurationError: a name or a shape differs.
        """
        rows = ANY
        shape = outputs.get(self._scores, ())
        if len(shape) == len((1, ANY, self._channels)):
            rows = shape[2] if shape[1] == self._channels != shape[2] else shape[1]
        expected: dict[str, list[Shape]] = {
            self._scores: [(1, ANY, self._channels), (1, self._channels, ANY)],
            self._boxes: [(1, rows, _SIDES), (1, _SIDES, rows), (1, rows, 1, _SIDES)],
        }
        check_shapes(self._model, outputs, expected, "head boxes-scores and labels")

    def candidates(
        self,
        outputs: Mapping[str, NDArray[np.float32]],
        score_threshold: float,
    ) -> Candidates:
        """Every (box, class) pair that scores above the threshold, boxes in model pixels."""
        scores = rows_of(outputs[self._scores], self._channels, first=False)
        raw = real(outputs[self._boxes])
        boxes = rows_of(raw.reshape(1, -1, _SIDES) if raw.ndim > 3 else raw, _SIDES, first=False)  # noqa: PLR2004 - (1, N, 1, 4)
        rows, class_ids, found = pairs_above(
            scores[:, self._skipped :],
            score_threshold,
            logits=self._logits,
        )
        return Candidates(
            boxes_xyxy=self._code.to_xyxy(boxes[rows]),
            scores=found,
            class_ids=class_ids,
        )
