"""Backbones that are a stem and a row of stages, each of which halves the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from models.zoo.part import Backbone

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_TAP = 2


class StagedBackbone(Backbone):
    """Stage after stage; what each puts out from stride 4 on is a tap."""

    def __init__(
        self, stem: nn.Module, stages: Sequence[nn.Module], widths: Sequence[int], first: int
    ) -> None:
        """Put it together.

        Args:
            stem: (B, 3, H, W) to the first stage's input.
            stages: each halves the sides.
            widths: channels that the stages put out.
            first: level of the first stage's output.
        """
        super().__init__()
        self.stem = stem
        self.stages = nn.ModuleList(stages)
        self._first = first
        levels = range(first, first + len(stages))
        self.tap_widths = {
            f"P{n}": width for n, width in zip(levels, widths, strict=True) if n >= FIRST_TAP
        }

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Taps by name."""
        taps = {}
        x = self.stem(images)
        for n, stage in enumerate(self.stages, start=self._first):
            x = stage(x)
            if n >= FIRST_TAP:
                taps[f"P{n}"] = x
        return taps
