"""The anchor head of YOLOv3 and YOLOv4: boxes, objectness and classes for a few anchors a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator
from torch import Tensor, nn

from models.zoo.blocks.conv import ConvBnAct
from models.zoo.part import Head, HeadSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

_BOX_AND_OBJECT = 5

Anchor = Annotated[list[float], Field(min_length=2, max_length=2)]


class AnchorGridSettings(HeadSettings):
    """Anchors are sizes in model pixels; all lists go from the finest stride to the coarsest."""

    kind: Literal["anchor-grid"]
    widths: list[int]
    """Of the 3x3 convolutions, one a stride."""
    anchors: list[Annotated[list[Anchor], Field(min_length=1)]]
    """Width and height of each anchor, a list a stride."""
    scale_xy: list[float]
    """How far a centre may leave its cell (1: not at all), one a stride."""

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        if not len(self.widths) == len(self.anchors) == len(self.scale_xy):
            msg = "expected as many widths, lists of anchors and scale_xy as there are strides"
            raise ValueError(msg)
        return self

    def build(
        self, widths: Sequence[int], strides: Sequence[int], classes: int, act: str
    ) -> AnchorGridHead:
        """Make the head; its outputs are named `grid` and the stride, as `grid16`."""
        if len(strides) != len(self.anchors):
            msg = f"a head for {len(self.anchors)} strides cannot serve {list(strides)}"
            raise ValueError(msg)
        return AnchorGridHead(self, widths, strides, classes, act)

    def facts(self) -> dict[str, str]:
        """Anchors and centre scales: values by comma, levels by semicolon."""
        levels = [[side for anchor in level for side in anchor] for level in self.anchors]
        return {
            "anchors": ";".join(",".join(f"{side:g}" for side in level) for level in levels),
            "scale_xy": ";".join(f"{scale:g}" for scale in self.scale_xy),
        }


class AnchorGridHead(Head):
    """A 3x3 and a 1x1 convolution for each stride.

    Output for each stride: (B, anchors * (5 + classes), H / s, W / s) float32, raw: x, y, width,
    height, objectness and the classes of the first anchor, then of the next.
    """

    def __init__(
        self,
        settings: AnchorGridSettings,
        widths: Sequence[int],
        strides: Sequence[int],
        classes: int,
        act: str,
    ) -> None:
        """Build from settings."""
        super().__init__()
        self.levels = nn.ModuleList(
            nn.Sequential(
                ConvBnAct(wide_in, width, act=act),
                nn.Conv2d(width, len(anchors) * (_BOX_AND_OBJECT + classes), 1),
            )
            for wide_in, width, anchors in zip(
                widths, settings.widths, settings.anchors, strict=True
            )
        )
        self.output_names = tuple(f"grid{stride}" for stride in strides)

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Raw values of each level."""
        return tuple(level(x) for level, x in zip(self.levels, maps, strict=True))
