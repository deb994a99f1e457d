"""A network of one convolution that finds one box: for machines that are emulated.

Usage: python tests/release/tiny_model.py FILE
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE_PX = 32
STRIDE_PX = 8
ROW = np.array([4, 4, 28, 28, 0.9, 0], np.float32)
"""Corners, score and class of every cell; all but the first are multiplied away."""


def model() -> onnx.ModelProto:
    """Float NCHW in, rows of finished detections out."""
    cells = (SIDE_PX // STRIDE_PX) ** 2
    first = np.zeros((cells, 1), np.float32)
    first[0] = 1
    constants: dict[str, NDArray[Any]] = {
        "weight": np.zeros((ROW.size, 3, STRIDE_PX, STRIDE_PX), np.float32),
        "bias": ROW,
        "shape": np.array([1, ROW.size, cells], np.int64),
        "first": first,
    }
    side = [STRIDE_PX, STRIDE_PX]
    graph = helper.make_graph(
        [
            helper.make_node(
                "Conv", ["images", "weight", "bias"], ["maps"], strides=side, kernel_shape=side
            ),
            helper.make_node("Reshape", ["maps", "shape"], ["columns"]),
            helper.make_node("Transpose", ["columns"], ["rows"], perm=[0, 2, 1]),
            helper.make_node("Mul", ["rows", "first"], ["output0"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, cells, ROW.size])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 9
    onnx.checker.check_model(made)
    return made


if __name__ == "__main__":
    onnx.save(model(), str(Path(sys.argv[1])))
