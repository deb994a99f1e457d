"""A set of queries, each with a box and class logits: the DETR family.

- `boxes` (1, Q, 4), by default cx, cy, w, h as a fraction of the input;
- `logits` (1, Q, C) where each class has a sigmoid of its own (layout `detr`: focal loss), or
  (1, Q, C + 1) with a softmax whose last class says that there is nothing (`detr-softmax`).

Sources: Carion et al., DETR, 2020; Zhu et al., Deformable DETR, 2021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.postprocess.box_code import BoxCode
from edgeserve.postprocess.candidates import Candidates
from edgeserve.postprocess.output import ANY, check_shapes, names_of, real
from edgeserve.postprocess.pairs import pairs_above

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec

_SIDES = 4


class DetrHead:
    """Sigmoids: compares logits first, and decodes what is above."""

    layout = "detr"
    nothing = 0
    """How many logits say that there is nothing."""

    def __init__(self, spec: ModelSpec) -> None:
        """Prepare for a model.

        Raises:
            ConfigurationError: an output is not named.
        """
        self._model = spec.name
        self._boxes, self._logits = names_of(spec, "boxes", "logits")
        self._classes = len(spec.labels)
        self._code = BoxCode(spec, "cxcywh", "fraction")

    def check(self, outputs: Mapping[str, tuple[int, ...]]) -> None:
        """Compare the outputs' shapes with the labels and with each other.

        Raises:
            ConfigurationError: a name or a shape differs.
        """
        shape = outputs.get(self._logits, ())
        queries = shape[1] if len(shape) > 1 else ANY
        expected = {
            self._logits: [(1, ANY, self._classes + self.nothing)],
            self._boxes: [(1, queries, _SIDES)],
        }
        check_shapes(self._model, outputs, expected, f"head {self.layout} and labels")

    def candidates(
        self,
        outputs: Mapping[str, NDArray[np.float32]],
        score_threshold: float,
    ) -> Candidates:
        """Every (query, class) pair that scores above the threshold, boxes in model pixels."""
        queries, class_ids, scores = self._above(real(outputs[self._logits])[0], score_threshold)
        boxes = real(outputs[self._boxes])[0][queries]
        return Candidates(
            boxes_xyxy=self._code.to_xyxy(boxes),
            scores=scores,
            class_ids=class_ids,
        )

    def _above(
        self,
        logits: NDArray[np.float32],
        threshold: float,
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
        return pairs_above(logits, threshold, logits=True)


class SoftmaxDetrHead(DetrHead):
    """Softmax over all classes and nothing."""

    layout = "detr-softmax"
    nothing = 1

    def _above(
        self,
        logits: NDArray[np.float32],
        threshold: float,
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
        # A query with a logit that is no number has no probabilities.
        with np.errstate(invalid="ignore", over="ignore"):
            weights = np.exp(logits - logits.max(axis=1, keepdims=True))
            probabilities = weights / weights.sum(axis=1, keepdims=True)
        return pairs_above(probabilities[:, : self._classes], threshold, logits=False)
