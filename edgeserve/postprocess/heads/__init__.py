"""Output layouts, one file each; `create_head` picks by the manifest's word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from edgeserve.domain.errors import ConfigurationError
from edgeserve.postprocess.heads.anchor_grid import AnchorGridHead
from edgeserve.postprocess.heads.boxes_scores import BoxesScoresHead
from edgeserve.postprocess.heads.detr import DetrHead, SoftmaxDetrHead
from edgeserve.postprocess.heads.dfl import DflHead
from edgeserve.postprocess.heads.end_to_end import EndToEndHead
from edgeserve.postprocess.heads.grid_unit import GridUnitHead
from edgeserve.postprocess.heads.region import RegionHead
from edgeserve.postprocess.heads.ssd import SsdHead
from edgeserve.postprocess.heads.v5 import V5Head
from edgeserve.postprocess.heads.v8 import V8Head

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec
    from edgeserve.postprocess.candidates import Candidates


class Head(Protocol):
    """Turns raw output into candidates. Holds no state of a frame: threads share it."""

    def check(self, outputs: Mapping[str, tuple[int, ...]]) -> None:
        """Raise ConfigurationError unless output shapes (by name) are what the head expects."""

    def candidates(
        self,
        outputs: Mapping[str, NDArray[np.float32]],
        score_threshold: float,
    ) -> Candidates:
        """Boxes in model pixels that score above the threshold (0..1)."""


_HEADS: Mapping[str, Callable[[ModelSpec], Head]] = {
    "anchor-grid": AnchorGridHead,
    "boxes-scores": BoxesScoresHead,
    "detr": DetrHead,
    "detr-softmax": SoftmaxDetrHead,
    "dfl": DflHead,
    "end-to-end": EndToEndHead,
    "grid-unit": GridUnitHead,
    "region": RegionHead,
    "ssd": SsdHead,
    "v5": V5Head,
    "v8": V8Head,
}
LAYOUTS = tuple(sorted(_HEADS))
"""What a manifest's `head.layout` may be."""


def create_head(spec: ModelSpec) -> Head:
    """Build the head that a model names.

    Raises:
        ConfigurationError: there is no head of that name, or it lacks what it needs.
    """
    head = _HEADS.get(spec.head.layout)
    if head is None:
        text = (
            f"model {spec.name}: head layout {spec.head.layout!r} is unknown; "
            f"expected one of {', '.join(LAYOUTS)}"
        )
        raise ConfigurationError(text)
    return head(spec)
