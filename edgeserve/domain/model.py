"""What a model is: its input, its output layout, its defaults."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgeserve.domain.frame import ColorOrder


class Fit(str, Enum):
    """Where the picture lies in the model's input."""

    CENTER = "center"
    """Aspect ratio kept, padding shared between both sides."""
    TOP_LEFT = "top-left"
    """Aspect ratio kept, padding at the right and at the bottom."""
    STRETCH = "stretch"
    """Aspect ratio given up, no padding."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output of a model file.

    Attributes:
        name: as the file calls it.
        shape: all dimensions; -1 where the file leaves one open.
        dtype: numpy's name of the element type.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str


def shapes_agree(shape: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    """Whether a tensor's shape is the expected one; -1 in it stands for any size."""
    return len(shape) == len(expected) and all(
        size in {-1, wanted} for size, wanted in zip(shape, expected, strict=True)
    )


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What the model wants to see.

    Attributes:
        width_px: width of the input picture.
        height_px: height of the input picture.
        layout: "NHWC" or "NCHW".
        dtype: "uint8" (the file normalises), or "float32" or "float16" (the server does).
        color_order: of the channels.
        fit: where a source picture goes.
        pad_value: 0..255, around it.
        mean: subtracted from each channel where the server normalises, in 0..255.
        std: divides each channel thereafter.
    """

    width_px: int
    height_px: int
    layout: str
    dtype: str
    color_order: ColorOrder
    fit: Fit
    pad_value: int
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class AnchorSpec:
    """The anchors of a head that has them.

    Attributes:
        sizes_px: (width, height) of each anchor in model pixels, level by level.
        scale_xy: level by level; stretches a box centre's offset in its cell around the middle.
        box_sizes: how sides t become pixels: "exp", anchor * exp(t), or "square",
            anchor * (2 * sigmoid(t))².
        class_scores: "sigmoid", each class by itself, or "softmax" over all of them.
    """

    sizes_px: tuple[tuple[tuple[float, float], ...], ...]
    scale_xy: tuple[float, ...]
    box_sizes: str = "exp"
    class_scores: str = "sigmoid"


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """How raw output becomes boxes.

    Attributes:
        layout: name of a head in `edgeserve.postprocess.heads`.
        strides: input pixels a cell, level by level in output order.
        outputs: role (as the head names it) to the file's output name.
        anchors: for heads that have them.
        reg_max: bins a box side, for heads that predict a distribution.
        box_format: "xyxy", "cxcywh" or "yxyx"; "" takes the head's own.
        box_unit: "pixels" of the input or "fraction" of it; "" takes the head's own.
        activation: "none" where scores are 0..1, "sigmoid" where they are logits; "" takes the
            head's own.
        background: "first" where class 0 of the output means nothing; "none" otherwise.
    """

    layout: str
    strides: tuple[int, ...]
    outputs: Mapping[str, str]
    anchors: AnchorSpec | None = None
    reg_max: int = 0
    box_format: str = ""
    box_unit: str = ""
    activation: str = ""
    background: str = "none"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Defaults of a model; a client may ask for others."""

    score: float
    iou: float
    max_detections: int


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One runnable form of a model.

    Attributes:
        path: the file that a runtime opens.
        runtimes: names of the runtimes that may open it, or RUNTIME:DEVICE of a device that it
            was made for, as in onnxruntime:Tensorrt.
        precision: "int8", "fp16" or "fp32": of most of its weights.
    """

    path: Path
    runtimes: tuple[str, ...]
    precision: str


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model that can be served."""

    name: str
    version: str
    labels: tuple[str, ...]
    input: InputSpec
    head: HeadSpec
    thresholds: Thresholds
    files: tuple[ModelFile, ...]
