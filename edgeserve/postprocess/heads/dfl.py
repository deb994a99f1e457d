"""Raw anchor-free output with a distribution for each box side.

Two outputs, over all N cells of all levels (level by level, row by row):

- `boxes` (1, 4 * reg_max, N): logits of the distances left, top, right, bottom from the cell's
  centre, reg_max bins each; the expectation over the bins is the distance in strides;
- `scores` (1, C, N): class logits, no objectness.

Source: Li et al., Generalized Focal Loss, 2020 (the integral of the distribution).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import ConfigurationError
from edgeserve.geometry.grid import cell_centres
from edgeserve.postprocess.candidates import Candidates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec

_SIDES = 4


class DflHead:
    """Decodes only the cells that score above the threshold."""

    def __init__(self, spec: ModelSpec) -> None:
        """Prepare the cells of a model.

        Raises:
            ConfigurationError: an output role, `strides` or `reg_max` is missing.
        """
        head = spec.head
        missing = {"boxes", "scores"} - set(head.outputs)
        if missing or not head.strides or head.reg_max <= 1:
            text = (
                f"model {spec.name}: head dfl needs outputs.boxes, outputs.scores, strides and "
                f"reg_max > 1; got outputs {dict(head.outputs)}, strides {list(head.strides)}, "
                f"reg_max {head.reg_max}"
            )
            raise ConfigurationError(text)
        self._model = spec.name
        self._boxes, self._scores = head.outputs["boxes"], head.outputs["scores"]
        self._classes = len(spec.labels)
        self._centres, self._strides = cell_centres(
            spec.input.width_px,
            spec.input.height_px,
            head.strides,
        )
        self._reg_max = head.reg_max
        self._bins = np.arange(head.reg_max, dtype=np.float32)

    def check(self, outputs: Mapping[str, tuple[int, ...]]) -> None:
        """Compare output shapes with labels, strides and reg_max.

        Raises:
            ConfigurationError: a name or a shape differs.
        """
        cells = len(self._strides)
        expected = {
            self._boxes: (1, _SIDES * self._reg_max, cells),
            self._scores: (1, self._classes, cells),
        }
        for name, shape in expected.items():
            if outputs.get(name) != shape:
                text = (
                    f"model {self._model}: output {name!r} should have shape {list(shape)} by "
                    f"labels, strides and reg_max of the manifest; the model file has "
                    f"{ {key: list(value) for key, value in outputs.items()} }"
                )
                raise ConfigurationError(text)

    def candidates(
        self,
        outputs: Mapping[str, NDArray[np.float32]],
        score_threshold: float,
    ) -> Candidates:
        """Every (cell, class) pair that scores above the threshold, boxes in model pixels."""
        logits = outputs[self._scores][0]
        # The sigmoid is monotone: comparing logits spares it for all cells that do not matter.
        class_ids, cells = np.nonzero(logits > _logit(score_threshold))
        # Beyond the reach of exp a score is 0; what is no number is left to `finalize`.
        with np.errstate(over="ignore", invalid="ignore"):
            scores = 1 / (1 + np.exp(-logits[class_ids, cells]))
            distances = self._distances(outputs[self._boxes][0][:, cells])
        reach = distances * self._strides[cells, None]
        centres = self._centres[cells]
        boxes = np.concatenate([centres - reach[:, :2], centres + reach[:, 2:]], axis=1)
        return Candidates(boxes_xyxy=boxes, scores=scores, class_ids=class_ids)

    def _distances(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """(4 * reg_max, K) logits to (K, 4) expected distances in strides."""
        bins = logits.reshape(_SIDES, self._reg_max, -1)
        weights = np.exp(bins - bins.max(axis=1, keepdims=True))
        sums: NDArray[np.float32] = np.einsum("sbk,b->ks", weights, self._bins)
        sums /= weights.sum(axis=1).T
        return sums


def _logit(probability: float) -> float:
    if probability <= 0:
        return -math.inf
    if probability >= 1:
        return math.inf
    return math.log(probability / (1 - probability))
