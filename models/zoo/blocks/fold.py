"""What becomes simpler when training is over."""

from __future__ import annotations

from abc import abstractmethod

from torch import nn


class Foldable(nn.Module):
    """A block with a cheaper form that computes the same in inference."""

    @abstractmethod
    def fold(self) -> None:
        """Take that form, for good. A second call does nothing."""
