"""Two convolutions with a way around them."""

from __future__ import annotations

from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct


class Bottleneck(nn.Module):
    """Two convolutions, with their input added where `shortcut` says so.

    Input and output (B, width, H, W) float32.
    """

    def __init__(
        self,
        width: int,
        *,
        shortcut: bool,
        hidden: int | None = None,
        kernels: tuple[int, int] = (3, 3),
        act: str = "silu",
    ) -> None:
        """Build both convolutions.

        Args:
            width: channels in and out.
            shortcut: whether the input is added.
            hidden: channels between the two; as many as `width` if not said.
            kernels: their sides. Darknet's residuals have 1 and 3.
            act: name of the activation.
        """
        super().__init__()
        between = hidden or width
        self.first = ConvBnAct(width, between, kernels[0], act=act)
        self.second = ConvBnAct(between, width, kernels[1], act=act)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Apply both, and add."""
        out: Tensor = self.second(self.first(x))
        return x + out if self.shortcut else out
