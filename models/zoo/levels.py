"""Levels of the pyramid: level n has the stride 2**n."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FEWEST, _MOST = 2, 4


def level_numbers(strides: Sequence[int]) -> list[int]:
    """Numbers of the levels with these strides.

    Raises:
        ValueError: not two to four strides, each twice the one before.
    """
    numbers = [stride.bit_length() - 1 for stride in strides]
    expected = list(range(numbers[0], numbers[0] + len(numbers))) if numbers else []
    right = _FEWEST <= len(numbers) <= _MOST and [2**n for n in expected] == list(strides)
    if not right:
        msg = (
            f"strides {list(strides)}: expected {_FEWEST} to {_MOST} powers of two, each twice "
            "the one before, as [8, 16, 32]"
        )
        raise ValueError(msg)
    return numbers


class TapLevels(nn.Module):
    """A backbone's taps by level; those above its last one are made by strided convolutions.

    Input: taps by name. Output: maps by level number, (B, widths[n], H / 2**n, W / 2**n) float32.
    """

    def __init__(self, tap_widths: Mapping[str, int], strides: Sequence[int], *, act: str) -> None:
        """Build what the taps lack.

        Raises:
            ValueError: the backbone has no tap at the finest stride.
        """
        super().__init__()
        self.numbers = level_numbers(strides)
        there = {int(name[1:]): width for name, width in tap_widths.items()}
        if self.numbers[0] not in there:
            msg = f"the backbone has no map of stride {strides[0]}, only {sorted(tap_widths)}"
            raise ValueError(msg)
        self._last = max(there)
        width = there[self._last]
        self.more = nn.ModuleList(
            ConvBnAct(width, width, 3, 2, act=act) for n in self.numbers if n > self._last
        )
        self.widths = {n: there.get(n, width) for n in self.numbers}

    def forward(self, taps: Mapping[str, Tensor]) -> dict[int, Tensor]:
        """Pick and make."""
        maps = {n: taps[f"P{n}"] for n in self.numbers if n <= self._last}
        x = taps[f"P{self._last}"]
        for n, down in enumerate(self.more, start=self._last + 1):
            maps[n] = x = down(x)
        return maps
