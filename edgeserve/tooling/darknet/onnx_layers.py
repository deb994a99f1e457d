"""Each kind of layer as ONNX nodes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.tooling.darknet.activations import activate
from edgeserve.tooling.darknet.layers import (
    AveragePool,
    Convolution,
    Detection,
    Dropout,
    Layer,
    MaxPool,
    Product,
    Reorg,
    Route,
    Shortcut,
    Upsample,
)

if TYPE_CHECKING:
    from edgeserve.tooling.darknet.onnx_graph import OnnxGraph
    from edgeserve.tooling.darknet.weights import Kernels


@dataclass(frozen=True, slots=True)
class Tensors:
    """Names of what was made so far, by index of the layer.

    Attributes:
        outputs: of each layer.
        before_activation: of each convolution.
    """

    outputs: dict[int, str]
    before_activation: dict[int, str]


def add_layer(graph: OnnxGraph, layer: Layer, tensors: Tensors, kernels: Kernels | None) -> None:
    """Add a layer's nodes, and the name of its output to the tensors."""
    name = f"layer_{layer.section.index}"
    sources = [tensors.outputs[index] for index in layer.sources]
    if isinstance(layer, Convolution) and kernels is not None:
        raw = _convolution(graph, layer, sources[0], name, kernels)
        tensors.before_activation[layer.section.index] = raw
        output = activate(graph, layer.activation, raw, name)
    elif isinstance(layer, Detection):
        made = tensors.before_activation if layer.before_activation else tensors.outputs
        output = graph.add("Identity", [made[layer.sources[0]]], f"head_{layer.section.index}")
    else:
        output = _add(layer, graph, sources, name)
    tensors.outputs[layer.section.index] = output


def _convolution(
    graph: OnnxGraph,
    layer: Convolution,
    source: str,
    name: str,
    kernels: Kernels,
) -> str:
    return graph.add(
        "Conv",
        [
            source,
            graph.constant(f"{name}_weights", kernels.weights),
            graph.constant(f"{name}_biases", kernels.biases),
        ],
        f"{name}_convolution",
        kernel_shape=[layer.kernel_px] * 2,
        strides=layer.strides,
        pads=[layer.padding * layer.dilation] * 4,
        dilations=[layer.dilation] * 2,
        group=layer.groups,
    )


@singledispatch
def _add(layer: Layer, graph: OnnxGraph, sources: list[str], name: str) -> str:
    """Add the nodes of a layer without weights; returns the name of its output."""
    raise NotImplementedError(type(layer))


@_add.register(MaxPool)
def _(layer: MaxPool, graph: OnnxGraph, sources: list[str], name: str) -> str:
    before = layer.padding // 2
    return graph.add(
        "MaxPool",
        sources,
        name,
        kernel_shape=[layer.kernel_px] * 2,
        strides=layer.strides,
        pads=[before] * 2 + [layer.padding - before] * 2,
    )


@_add.register(AveragePool)
def _(_: AveragePool, graph: OnnxGraph, sources: list[str], name: str) -> str:
    return graph.add("GlobalAveragePool", sources, name)


@_add.register(Upsample)
def _(layer: Upsample, graph: OnnxGraph, sources: list[str], name: str) -> str:
    sizes = graph.constant(
        f"{name}_scales",
        np.array([1, 1, layer.stride, layer.stride], dtype=np.float32),
    )
    larger = graph.add(
        "Resize",
        [sources[0], "", sizes],
        f"{name}_resize",
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    if layer.scale == 1:
        return larger
    return graph.add("Mul", [larger, graph.scalar(layer.scale)], name)


@_add.register(Dropout)
def _(_: Dropout, __: OnnxGraph, sources: list[str], ___: str) -> str:
    return sources[0]


@_add.register(Route)
def _(layer: Route, graph: OnnxGraph, sources: list[str], name: str) -> str:
    parts = sources
    if layer.groups > 1:
        parts = []
        for number, (source, channels) in enumerate(
            zip(sources, layer.source_channels, strict=True)
        ):
            size = channels // layer.groups
            begin = size * layer.group_id
            parts.append(_channels(graph, source, begin, begin + size, f"{name}_part_{number}"))
    return parts[0] if len(parts) == 1 else graph.add("Concat", parts, name, axis=1)


@_add.register(Shortcut)
def _(layer: Shortcut, graph: OnnxGraph, sources: list[str], name: str) -> str:
    wanted, total = layer.shape.channels, sources[0]
    for number, (source, there) in enumerate(
        zip(sources[1:], layer.source_channels[1:], strict=True)
    ):
        other = source
        if there > wanted:
            other = _channels(graph, source, 0, wanted, f"{name}_part_{number}")
        elif there < wanted:
            pads = graph.integers([0, 0, 0, 0, 0, wanted - there, 0, 0])
            other = graph.add("Pad", [source, pads], f"{name}_padded_{number}")
        total = graph.add("Add", [total, other], f"{name}_sum_{number}")
    return activate(graph, layer.activation, total, name)


@_add.register(Product)
def _(layer: Product, graph: OnnxGraph, sources: list[str], name: str) -> str:
    product = graph.add("Mul", sources[::-1], f"{name}_product")
    return activate(graph, layer.activation, product, name)


@_add.register(Reorg)
def _(layer: Reorg, graph: OnnxGraph, sources: list[str], name: str) -> str:
    stride, shape = layer.stride, layer.shape
    if not layer.as_first_written:
        return graph.add("SpaceToDepth", sources, name, blocksize=stride)
    # The source's numbers are taken as a map of fewer channels and of stride times the size;
    # what its blocks become are numbers again, taken as a map of the output's shape.
    channels = shape.channels // stride**4
    height, width = shape.height * stride, shape.width * stride
    blocks = graph.integers([channels, height, stride, width, stride])
    viewed = graph.add("Reshape", [sources[0], blocks], f"{name}_blocks")
    turned = graph.add("Transpose", [viewed], f"{name}_turned", perm=[2, 4, 0, 1, 3])
    sizes = graph.integers([1, shape.channels, shape.height, shape.width])
    return graph.add("Reshape", [turned, sizes], name)


def _channels(graph: OnnxGraph, source: str, begin: int, end: int, name: str) -> str:
    bounds = [graph.integers([value]) for value in (begin, end, 1)]
    return graph.add("Slice", [source, *bounds], name)
