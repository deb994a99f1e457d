"""Raw maps of Darknet's v2: as the anchor grid's, but its classes may share one softmax.

Source: Redmon and Farhadi, YOLO9000, 2016.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from edgeserve.postprocess.heads.anchor_grid import AnchorGridHead
from edgeserve.postprocess.scores import sigmoid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec


class RegionHead(AnchorGridHead):
    """Needs all class logits of a box for the score of one, so objectness filters first."""

    CLASS_SCORES: ClassVar[tuple[str, ...]] = ("sigmoid", "softmax")

    def __init__(self, spec: ModelSpec) -> None:
        """Prepare the levels of a model.

        Raises:
            ConfigurationError: the manifest leaves something of them out.
        """
        super().__init__(spec)
        anchors = spec.head.anchors
        self._softmax = anchors is not None and anchors.class_scores == "softmax"

    def _class_scores(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        if not self._softmax:
            return sigmoid(logits)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        scores: NDArray[np.float32] = weights / weights.sum(axis=1, keepdims=True)
        return scores
