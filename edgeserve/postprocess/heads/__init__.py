"""Output layouts, one file each; `create_head` picks by the manifest's word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from edgeserve.domain.errors import ConfigurationError
from edgeserve.postprocess.heads.anchor_grid import AnchorGridHead
from edgeserve.postprocess.heads.dfl import DflHead
from edgeserve.postprocess.heads.region import RegionHead

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
    "dfl": DflHead,
    "region": RegionHead,
}


def create_head(spec: ModelSpec) -> Head:
    """Build the head that a model names.

    Raises:
        ConfigurationError: there is no head of that name, or it lacks what it needs.
    """
    head = _HEADS.get(spec.head.layout)
    if head is None:
        text = (
            f"model {spec.name}: head layout {spec.head.layout!r} is unknown; "
            f"expected one of {', '.join(sorted(_HEADS))}"
        )
        raise ConfigurationError(text)
    return head(spec)
