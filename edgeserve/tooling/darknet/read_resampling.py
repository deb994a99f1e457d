"""Layers with one source and no weights: pooling, upsampling, reorg, dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.tooling.darknet.layers import (
    AveragePool,
    Dropout,
    MaxPool,
    Reorg,
    Shape,
    Upsample,
)
from edgeserve.tooling.darknet.read_convolution import MAX_KERNEL, MAX_STRIDE, read_strides

if TYPE_CHECKING:
    from edgeserve.tooling.darknet.section import Section
    from edgeserve.tooling.darknet.stack import Stack

_MAX_SCALE = 1e6


def read_maxpool(section: Section, stack: Stack) -> MaxPool:
    """[maxpool]; without a word on padding it has size - 1."""
    source = stack.previous(section)
    before = stack.shape(source)
    strides = read_strides(section)
    kernel = section.integer("size", section.integer("stride", 1, 1, MAX_STRIDE), 1, MAX_KERNEL)
    # Beyond that a window would see nothing but padding.
    padding = section.integer("padding", kernel - 1, 0, 2 * (kernel - 1))
    section.expect("maxpool_depth", 0)
    section.expect("out_channels", 1)
    section.expect("antialiasing", 0)
    section.finish(())
    height, width = (
        (side + padding - kernel) // stride + 1
        for side, stride in zip((before.height, before.width), strides, strict=True)
    )
    shape = Shape(before.channels, height, width)
    return MaxPool(section, (source,), shape, kernel, strides, padding)


def read_avgpool(section: Section, stack: Stack) -> AveragePool:
    """[avgpool]."""
    source = stack.previous(section)
    section.finish(())
    return AveragePool(section, (source,), Shape(stack.shape(source).channels, 1, 1))


def read_upsample(section: Section, stack: Stack) -> Upsample:
    """[upsample]."""
    source = stack.previous(section)
    before = stack.shape(source)
    stride = section.integer("stride", 2, 1, MAX_STRIDE)
    scale = section.number("scale", 1, -_MAX_SCALE, _MAX_SCALE)
    section.finish(())
    shape = Shape(before.channels, before.height * stride, before.width * stride)
    return Upsample(section, (source,), shape, stride, scale)


def read_reorg(section: Section, stack: Stack) -> Reorg:
    """[reorg] and [reorg3d]."""
    source = stack.previous(section)
    before = stack.shape(source)
    stride = section.integer("stride", 1, 1, MAX_STRIDE)
    for key in ("reverse", "flatten", "extra"):
        section.expect(key, 0)
    section.finish(())
    mixes = section.name == "reorg"
    if before.height % stride or before.width % stride or (mixes and before.channels % stride**2):
        what = f"stride={stride} does not divide the map before it, {before}"
        section.refuse(what, "stride")
    shape = Shape(before.channels * stride**2, before.height // stride, before.width // stride)
    return Reorg(section, (source,), shape, stride, mixes)


def read_dropout(section: Section, stack: Stack) -> Dropout:
    """[dropout]."""
    source = stack.previous(section)
    section.finish(
        ("probability", "dropblock", "dropblock_size_rel", "dropblock_size_abs"),
    )
    return Dropout(section, (source,), stack.shape(source))
