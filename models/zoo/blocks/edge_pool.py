"""The pool before YOLOv3-tiny's last backbone convolution."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class EdgePool(nn.Module):
    """Maximum of each cell, its right, its lower and its lower right neighbour, where there.

    Input and output (B, c, H, W) float32: stride 1, and windows that end at the border.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Pool with a border on all sides, and leave out what the left and upper one added."""
        return functional.max_pool2d(x, 2, 1, 1)[..., 1:, 1:]
