"""Raw maps with anchors: the heads of Darknet's v3 and v4, before their sigmoids.

For each level L from 0, in the order of the strides, one output `maps_L` (1, A * (5 + C), rows,
columns): for each anchor the channels x, y, w, h, objectness and C classes, all logits but w and h
of the form "exp". The score of a class is objectness times its own sigmoid.

Sources: Redmon and Farhadi, YOLOv3, 2018; Bochkovskiy et al., YOLOv4, 2020 (scale_xy).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from edgeserve.domain.errors import ConfigurationError
from edgeserve.postprocess.anchor_maps import read_anchor_maps
from edgeserve.postprocess.candidates import Candidates
from edgeserve.postprocess.scores import sigmoid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec


class AnchorGridHead:
    """Filters by objectness; decodes what is left."""

    CLASS_SCORES: ClassVar[tuple[str, ...]] = ("sigmoid",)
    """What `anchors.class_scores` may be."""

    def __init__(self, spec: ModelSpec) -> None:
        """Prepare the levels of a model.

        Raises:
            ConfigurationError: the manifest leaves something of them out.
        """
        self._model = spec.name
        self._maps = read_anchor_maps(spec)
        anchors = spec.head.anchors
        if anchors is None or anchors.class_scores not in self.CLASS_SCORES:
            text = (
                f"model {spec.name}: head {spec.head.layout} knows anchors.class_scores "
                f"{' and '.join(self.CLASS_SCORES)}; got {anchors and anchors.class_scores!r}"
            )
            raise ConfigurationError(text)

    def check(self, outputs: Mapping[str, tuple[int, ...]]) -> None:
        """Compare output shapes with labels, strides and anchors.

        Raises:
            ConfigurationError: a name or a shape differs.
        """
        for level in self._maps:
            if outputs.get(level.output) != level.shape:
                text = (
                    f"model {self._model}: output {level.output!r} should have shape "
                    f"{list(level.shape)} by labels, strides and anchors of the manifest; the "
                    f"model file has { {key: list(value) for key, value in outputs.items()} }"
                )
                raise ConfigurationError(text)

    def candidates(
        self,
        outputs: Mapping[str, NDArray[np.float32]],
        score_threshold: float,
    ) -> Candidates:
        """Every (box, class) pair that scores above the threshold, boxes in model pixels."""
        boxes, scores, class_ids = [], [], []
        # What is no number is left to `finalize`.
        with np.errstate(over="ignore", invalid="ignore"):
            for level in self._maps:
                found, objectness, logits = level.objects(outputs, score_threshold)
                joint = objectness[:, None] * self._class_scores(logits)
                rows, columns = np.nonzero(joint > score_threshold)
                boxes.append(found[rows])
                scores.append(joint[rows, columns])
                class_ids.append(columns)
        return Candidates(
            boxes_xyxy=np.concatenate(boxes),
            scores=np.concatenate(scores),
            class_ids=np.concatenate(class_ids),
        )

    def _class_scores(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, C) logits to probabilities."""
        return sigmoid(logits)
