"""Files whose weights are stored as float16 (`models/half_storage`), with float32 weights again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

numpy_helper = pytest.importorskip("onnx.numpy_helper", reason="variants are made with onnx")

if TYPE_CHECKING:
    from onnx import ModelProto


def widened(model: ModelProto) -> ModelProto:
    """The same model with the weights in float32 that are stored as float16 and cast."""
    nodes, stored = [], {one.name: one for one in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Cast" and node.input[0] in stored:
            half = stored[node.input[0]]
            numbers = numpy_helper.to_array(half).astype(np.float32)
            half.CopyFrom(numpy_helper.from_array(numbers, node.output[0]))
        else:
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model
