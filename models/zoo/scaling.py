"""The sizes n, s, m, l and x of the C2f and C3k2 networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Size = Literal["n", "s", "m", "l", "x"]

_WIDTH_PER_STRIDE = 32


@dataclass(frozen=True)
class Scale:
    """Multipliers of depth and width; widths are capped before they are multiplied."""

    depth: float
    width: float
    max_channels: int

    def width_at(self, stride: int) -> int:
        """Channels of the maps of a stride."""
        return round_channels(min(_WIDTH_PER_STRIDE * stride, self.max_channels) * self.width)

    def repeats(self, full: int) -> int:
        """Steps of a block that has `full` of them at depth 1."""
        return max(1, round(full * self.depth))


SCALES: dict[Size, Scale] = {
    "n": Scale(0.33, 0.25, 1024),
    "s": Scale(0.33, 0.50, 1024),
    "m": Scale(0.67, 0.75, 768),
    "l": Scale(1.00, 1.00, 512),
    "x": Scale(1.00, 1.25, 512),
}


def round_channels(channels: float) -> int:
    """To the nearest multiple of 8, the upper one of two, at least 8: vector units like that."""
    return max(8, int(channels / 8 + 0.5) * 8)
