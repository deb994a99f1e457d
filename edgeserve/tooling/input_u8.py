"""Give an ONNX model the server's picture as its input: uint8, NHWC, 0..255."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.required import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto

PREFIX = "u8_input/"
"""What the names of the nodes and tensors added here begin with."""
TRANSPOSE, CAST, SUB, MUL, HALVE = (
    f"{PREFIX}{word}" for word in ("transpose", "cast", "sub", "mul", "halve")
)
"""Names of the nodes; Transpose, Sub, Mul and Halve are there only where they do something."""
_RANK = 4
_CHANNELS = 3


def add_u8_input(
    model: ModelProto,
    *,
    mean: Sequence[float],
    std: Sequence[float],
) -> ModelProto:
    """Put Transpose, Cast, Sub and Mul before a float model, so that the graph normalises.

    The model computes with (x - mean) / std, x in 0..255; constants that do nothing are left
    out. Input before: float32 or float16, (1, 3, H, W) or (1, H, W, 3). Input after, of the same
    name: uint8 (1, H, W, 3), channels in the same order.

    Args:
        model: not changed.
        mean: of each of three channels, in 0..255.
        std: of each of three channels, in 0..255.

    Returns:
        A changed copy.

    Raises:
        ConfigurationError: the model's input is another than described.
        NotAvailableError: onnx is not installed.
    """
    onnx = require("onnx")
    changed: ModelProto = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    old = _the_input(graph)
    sizes = [d.dim_value for d in old.type.tensor_type.shape.dim]
    planes = sizes[1] == _CHANNELS
    height, width = sizes[2:] if planes else sizes[1:3]
    nodes = []
    if planes:
        nodes.append(_node("Transpose", [old.name], TRANSPOSE, perm=[0, 3, 1, 2]))
    before = nodes[-1].output[0] if nodes else old.name
    nodes.append(_node("Cast", [before], CAST, to=onnx.TensorProto.FLOAT))
    scale = [1 / value for value in std]
    for operator, name, values, idle in (("Sub", SUB, mean, 0), ("Mul", MUL, scale, 1)):
        if any(value != idle for value in values):
            by = _channel_constant(values, planes=planes)
            constant = onnx.numpy_helper.from_array(by, f"{name}_by")
            graph.initializer.append(constant)
            nodes.append(_node(operator, [nodes[-1].output[0], constant.name], name))
    if old.type.tensor_type.elem_type == onnx.TensorProto.FLOAT16:
        # Halved after the arithmetic: 255 less a mean is not exact in 16 bits.
        nodes.append(_node("Cast", [nodes[-1].output[0]], HALVE, to=onnx.TensorProto.FLOAT16))
    normalised = nodes[-1].output[0]
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name == old.name:
                node.input[index] = normalised
    for index, node in enumerate(nodes):
        graph.node.insert(index, node)
    shape = [1, height, width, _CHANNELS]
    new = onnx.helper.make_tensor_value_info(old.name, onnx.TensorProto.UINT8, shape)
    old.CopyFrom(new)
    onnx.checker.check_model(changed, full_check=True)
    return changed


def _node(operator: str, inputs: list[str], name: str, **attributes: object) -> NodeProto:
    helper = require("onnx").helper
    node: NodeProto = helper.make_node(operator, inputs, [_output(name)], name, **attributes)
    return node


def _output(name: str) -> str:
    return f"{name}_output"


def _the_input(graph: GraphProto) -> ValueInfoProto:
    onnx = require("onnx")
    constants = {constant.name for constant in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    kind = inputs[0].type.tensor_type if len(inputs) == 1 else None
    sizes = [d.dim_value for d in kind.shape.dim] if kind else []
    if (
        kind is None
        or kind.elem_type not in {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16}
        or len(sizes) != _RANK
        or sizes[0] != 1
        or _CHANNELS not in {sizes[1], sizes[3]}
        or min(sizes) < 1
    ):
        found = ", ".join(f"{value.name} {_dimensions(value)}" for value in inputs)
        text = (
            f"the model's input is {found}; expected one float32 [1, 3, height, width], or "
            "[1, height, width, 3], or the same in float16"
        )
        raise ConfigurationError(text)
    return inputs[0]


def _dimensions(value: ValueInfoProto) -> list[int | str]:
    return [d.dim_value or d.dim_param for d in value.type.tensor_type.shape.dim]


def _channel_constant(values: Sequence[float], *, planes: bool) -> NDArray[np.float32]:
    """() where all channels agree, else (1, 3, 1, 1), or (1, 1, 1, 3) without planes."""
    if len(set(values)) == 1:
        return np.array(values[0], dtype=np.float32)
    shape = (1, -1, 1, 1) if planes else (1, 1, 1, -1)
    return np.array(values, dtype=np.float32).reshape(shape)
