"""Raw anchor-free output with a distribution for each box side.

Over all N cells of all levels (level by level, row by row), or each level by itself:

- `boxes` (1, 4 * reg_max, N): logits of the distances left, top, right, bottom from the cell's
  centre, reg_max bins each; the expectation over the bins is the distance in strides;
- `scores` (1, C, N): class logits, no objectness;

or, for each level L from 0, in the order of the strides, `boxes_L` (1, 4 * reg_max, rows,
columns) with `scores_L` (1, C, rows, columns); or `maps_L` (1, 4 * reg_max + C, rows, columns),
boxes first.

Source: Li et al., Generalized Focal Loss, 2020 (the integral of the distribution).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import ConfigurationError
from edgeserve.geometry.grid import cell_centres
from edgeserve.postprocess.candidates import Candidates
from edgeserve.postprocess.output import check_shapes, real
from edgeserve.postprocess.pairs import places_above
from edgeserve.postprocess.scores import logit, sigmoid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec

_SIDES = 4


@dataclass(frozen=True, slots=True)
class _Part:
    """Cells that lie together: all of them, or those of a level.

    `boxes` and `scores` are outputs' names, the same one where both lie in one map. `grid` is
    (N,), or (rows, columns) of a level.
    """

    boxes: str
    scores: str
    grid: tuple[int, ...]
    centres: NDArray[np.float32]
    strides: NDArray[np.float32]


class DflHead:
    """Decodes only the cells that score above the threshold."""

    def __init__(self, spec: ModelSpec) -> None:
        """Prepare the cells of a model.

        Raises:
            ConfigurationError: an output role, `strides` or `reg_max` is missing.
        """
        head = spec.head
        self._parts = list(_parts(spec))
        if not self._parts or not head.strides or head.reg_max <= 1:
            text = (
                f"model {spec.name}: head dfl needs outputs.boxes, outputs.scores (or boxes_0, "
                f"scores_0, … or maps_0, … for each level), strides and reg_max > 1; got outputs "
                f"{dict(head.outputs)}, strides {list(head.strides)}, reg_max {head.reg_max}"
            )
            raise ConfigurationError(text)
        self._model = spec.name
        self._classes = len(spec.labels)
        self._reg_max = head.reg_max
        self._bins = np.arange(head.reg_max, dtype=np.float32)

    def check(self, outputs: Mapping[str, tuple[int, ...]]) -> None:
        """Compare output shapes with labels, strides and reg_max.

        Raises:
            ConfigurationError: a name or a shape differs.
        """
        channels = _SIDES * self._reg_max
        expected = {}
        for part in self._parts:
            if part.boxes == part.scores:
                expected[part.boxes] = [(1, channels + self._classes, *part.grid)]
            else:
                expected[part.boxes] = [(1, channels, *part.grid)]
                expected[part.scores] = [(1, self._classes, *part.grid)]
        check_shapes(self._model, outputs, expected, "labels, strides and reg_max")

    def candidates(
        self,
        outputs: Mapping[str, NDArray[np.float32]],
        score_threshold: float,
    ) -> Candidates:
        """Every (cell, class) pair that scores above the threshold, boxes in model pixels."""
        found = [self._candidates(part, outputs, score_threshold) for part in self._parts]
        if len(found) == 1:
            return found[0]
        return Candidates(
            boxes_xyxy=np.concatenate([one.boxes_xyxy for one in found]),
            scores=np.concatenate([one.scores for one in found]),
            class_ids=np.concatenate([one.class_ids for one in found]),
        )

    def _candidates(
        self,
        part: _Part,
        outputs: Mapping[str, NDArray[np.float32]],
        score_threshold: float,
    ) -> Candidates:
        channels, cells_in_all = _SIDES * self._reg_max, len(part.strides)
        bins = real(outputs[part.boxes]).reshape(-1, cells_in_all)[:channels]
        logits = real(outputs[part.scores]).reshape(-1, cells_in_all)[-self._classes :]
        # The sigmoid is monotone: comparing logits spares it for all cells that do not matter.
        class_ids, cells = places_above(logits, logit(score_threshold))
        # What is no number is left to `finalize`.
        with np.errstate(over="ignore", invalid="ignore"):
            reach = self._distances(bins[:, cells]) * part.strides[cells, None]
        centres = part.centres[cells]
        boxes = np.concatenate([centres - reach[:, :2], centres + reach[:, 2:]], axis=1)
        scores = sigmoid(logits[class_ids, cells])
        return Candidates(boxes_xyxy=boxes, scores=scores, class_ids=class_ids)

    def _distances(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """(4 * reg_max, K) logits to (K, 4) expected distances in strides."""
        bins = logits.reshape(_SIDES, self._reg_max, -1)
        weights = np.exp(bins - bins.max(axis=1, keepdims=True))
        sums: NDArray[np.float32] = np.einsum("sbk,b->ks", weights, self._bins)
        sums /= weights.sum(axis=1).T
        return sums


def _parts(spec: ModelSpec) -> Iterator[_Part]:
    """The parts whose outputs the manifest names; none where one is missing."""
    head, width, height = spec.head, spec.input.width_px, spec.input.height_px
    roles = head.outputs
    if not head.strides:
        return
    if {"boxes", "scores"} <= set(roles):
        centres, strides = cell_centres(width, height, head.strides)
        yield _Part(roles["boxes"], roles["scores"], (len(strides),), centres, strides)
        return
    names = [
        (
            roles.get(f"boxes_{level}", roles.get(f"maps_{level}")),
            roles.get(f"scores_{level}", roles.get(f"maps_{level}")),
        )
        for level in range(len(head.strides))
    ]
    if any(boxes is None or scores is None for boxes, scores in names):
        return
    for (boxes, scores), stride in zip(names, head.strides, strict=True):
        centres, strides = cell_centres(width, height, [stride])
        yield _Part(str(boxes), str(scores), (height // stride, width // stride), centres, strides)
