"""[convolutional]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.tooling.darknet.activations import LOGISTIC, read_activation
from edgeserve.tooling.darknet.layers import Convolution, Shape
from edgeserve.tooling.darknet.stack import MAX_CHANNELS
from edgeserve.tooling.darknet.training_keys import CONVOLUTION

if TYPE_CHECKING:
    from edgeserve.tooling.darknet.section import Section
    from edgeserve.tooling.darknet.stack import Stack

MAX_KERNEL = 255
MAX_STRIDE = 64
_ABSENT = (
    "antialiasing",
    "assisted_excitation",
    "bin_output",
    "binary",
    "deform",
    "dontload",
    "dontloadscales",
    "flipped",
    "reverse",
    "rotate",
    "stretch",
    "stretch_sway",
    "sway",
    "xnor",
)


def read_strides(section: Section) -> tuple[int, int]:
    """Along y and x, from `stride`, `stride_x` and `stride_y`."""
    stride = section.integer("stride", 1, 1, MAX_STRIDE)
    along_x = section.integer("stride_x", stride, 1, MAX_STRIDE)
    along_y = section.integer("stride_y", stride, 1, MAX_STRIDE)
    return along_y, along_x


def read_convolution(section: Section, stack: Stack) -> Convolution:
    """Read the layer.

    Raises:
        ConfigurationError: a value is wrong or means what is not supported.
    """
    source = stack.previous(section)
    before = stack.shape(source)
    filters = section.integer("filters", 1, 1, MAX_CHANNELS)
    kernel = section.integer("size", 1, 1, MAX_KERNEL)
    strides = read_strides(section)
    dilation = section.integer("dilation", 1, 1, MAX_STRIDE)
    padding = section.integer("padding", 0, 0, MAX_KERNEL)
    if section.integer("pad", 0, 0, MAX_KERNEL):
        padding = kernel // 2
    if kernel == 1:
        dilation = 1
    if dilation > 1 and kernel != 2 * padding + 1:
        what = f"dilation={dilation} is only supported with an odd size and pad=1"
        section.refuse(what, "dilation")
    groups = section.integer("groups", 1, 1, MAX_CHANNELS)
    if before.channels % groups or filters % groups:
        what = f"groups={groups} does not divide {before.channels} channels into {filters} filters"
        section.refuse(what, "groups")
    for key in _ABSENT:
        section.expect(key, 0)
    # `cbn` is a batch norm over several mini-batches, which differs in training only.
    normalize = section.integer("batch_normalize", 0, 0, 2) + section.integer("cbn", 0, 0, 1) > 0
    activation = read_activation(section, LOGISTIC)
    section.finish(CONVOLUTION)
    height, width = (
        (side + 2 * padding - kernel) // stride + 1
        for side, stride in zip((before.height, before.width), strides, strict=True)
    )
    return Convolution(
        section,
        (source,),
        Shape(filters, height, width),
        in_channels=before.channels,
        kernel_px=kernel,
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
        batch_normalize=normalize,
        activation=activation,
    )
