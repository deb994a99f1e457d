"""What a network is made of. Every layer knows its sources, its shape and its floats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from edgeserve.tooling.darknet.section import Section

INPUT = -1
"""As a source: the picture."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Of one picture's map."""

    channels: int
    height: int
    width: int

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.channels * self.height * self.width

    def __str__(self) -> str:
        """As in messages."""
        return f"{self.channels}x{self.height}x{self.width}"


@dataclass(frozen=True, slots=True)
class Layer:
    """What all layers have.

    Attributes:
        section: where the cfg says it.
        sources: indices of the layers that it reads; `INPUT` is the picture.
        shape: of its output.
    """

    section: Section
    sources: tuple[int, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Convolution(Layer):
    """[convolutional]; the only kind with weights.

    Attributes:
        in_channels: of its source.
        kernel_px: side of the square kernel.
        strides: along y and x.
        padding: on each side, in pixels of the source.
        dilation: distance of the kernel's taps.
        groups: that channels are split into.
        batch_normalize: whether a batch norm stands between it and the activation.
        activation: its name.
    """

    in_channels: int
    kernel_px: int
    strides: tuple[int, int]
    padding: int
    dilation: int
    groups: int
    batch_normalize: bool
    activation: str

    @property
    def weights(self) -> int:
        """Floats of the kernels."""
        return self.shape.channels * (self.in_channels // self.groups) * self.kernel_px**2

    @property
    def learnable(self) -> int:
        """Kernels and biases, and the scales of a batch norm."""
        return self.weights + self.shape.channels * (2 if self.batch_normalize else 1)

    @property
    def stored(self) -> int:
        """Floats in the weight file: a batch norm adds its running mean and variance."""
        return self.learnable + (2 * self.shape.channels if self.batch_normalize else 0)


@dataclass(frozen=True, slots=True)
class MaxPool(Layer):
    """[maxpool].

    Attributes:
        kernel_px: side of the window.
        strides: along y and x.
        padding: both sides together; the left and upper one get the smaller half.
    """

    kernel_px: int
    strides: tuple[int, int]
    padding: int


@dataclass(frozen=True, slots=True)
class AveragePool(Layer):
    """[avgpool]: the mean of each channel."""


@dataclass(frozen=True, slots=True)
class Upsample(Layer):
    """[upsample]: each pixel repeated `stride` times both ways, and multiplied."""

    stride: int
    scale: float


@dataclass(frozen=True, slots=True)
class Route(Layer):
    """[route]: part `group_id` of `groups` of each source's channels, one after another."""

    source_channels: tuple[int, ...]
    groups: int
    group_id: int


@dataclass(frozen=True, slots=True)
class Shortcut(Layer):
    """[shortcut]: the first source plus the others, over the channels that both have."""

    source_channels: tuple[int, ...]
    activation: str


@dataclass(frozen=True, slots=True)
class Product(Layer):
    """[sam] and [scale_channels]: two sources multiplied, one value for a whole map if need be."""

    activation: str


@dataclass(frozen=True, slots=True)
class Reorg(Layer):
    """[reorg] and [reorg3d]: blocks of pixels to channels.

    Attributes:
        stride: side of the blocks.
        as_first_written: [reorg] does it to the map as if that had stride² times fewer channels
            and stride times more rows and columns, which mixes channels; networks are trained so.
    """

    stride: int
    as_first_written: bool


@dataclass(frozen=True, slots=True)
class Dropout(Layer):
    """[dropout]: nothing, outside of training."""


@dataclass(frozen=True, slots=True)
class Detection(Layer):
    """[yolo] and [region]: what becomes a head of the server. Computes nothing here.

    Attributes:
        layout: name of the server's head.
        stride: pixels of the picture a cell.
        anchors_px: (width, height) each.
        classes: how many.
        scale_xy: stretches the offset in a cell around its middle.
        box_sizes: "exp" or "square", as the server's head names it.
        class_scores: "sigmoid" or "softmax", as the server's head names it.
        before_activation: whether the head wants its source as it is before its activation.
        iou: threshold of suppression.
    """

    layout: str
    stride: int
    anchors_px: tuple[tuple[float, float], ...]
    classes: int
    scale_xy: float
    box_sizes: Literal["exp", "square"]
    class_scores: Literal["sigmoid", "softmax"]
    before_activation: bool
    iou: float
