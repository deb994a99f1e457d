"""Layers and weights to ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.darknet.layers import INPUT, Detection
from edgeserve.tooling.darknet.onnx_graph import OnnxGraph
from edgeserve.tooling.darknet.onnx_layers import Tensors, add_layer
from edgeserve.tooling.darknet.weights import read_weights

if TYPE_CHECKING:
    from pathlib import Path

    from onnx import ModelProto

    from edgeserve.tooling.darknet.layers import Shape
    from edgeserve.tooling.darknet.network import Network

INPUT_NAME = "images"


def onnx_model(network: Network, weights: Path) -> ModelProto:
    """Make the FP32 model of a network.

    Its input is `images` float32 (1, 3, height, width), 0..1; its outputs are the raw maps that
    the heads read, (1, boxes * (5 + classes), rows, columns) each, named as `head_output` says.

    Raises:
        ConfigurationError: there is no head, or the weights are not the network's.
        NotAvailableError: onnx is not installed.
    """
    if not network.heads:
        text = f"{network.path}: there is no [yolo] or [region] section, so it detects nothing"
        raise ConfigurationError(text)
    kernels = read_weights(network, weights)
    graph = OnnxGraph()
    tensors = Tensors({INPUT: INPUT_NAME}, {})
    for index, layer in enumerate(network.layers):
        add_layer(graph, layer, tensors, kernels.get(index))
    outputs = {head_output(head): _sizes(head.shape) for head in network.heads}
    return graph.model(
        network.path.stem,
        [(INPUT_NAME, _sizes(network.picture))],
        outputs.items(),
    )


def head_output(head: Detection) -> str:
    """Name of the output that a head reads."""
    return f"head_{head.section.index}"


def _sizes(shape: Shape) -> tuple[int, int, int, int]:
    return (1, shape.channels, shape.height, shape.width)
