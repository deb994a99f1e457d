"""A quantized model takes its picture as it is: no normalisation is left to compute.

::

    before  u8 > Transpose > Cast > Sub > Mul > QuantizeLinear > DequantizeLinear > Conv
    after   u8 > Transpose > DequantizeLinear (scale 1 / std, zero point mean) > Conv

A pixel is an 8-bit number already: normalising it and rounding the result to 8 bits again costs a
pass over the picture. For the two to be the same, the quantizer must be told the pixel's own
scale and zero point instead of those that it finds in calibration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.tooling.input_u8 import CAST, MUL, SUB, TRANSPOSE
from edgeserve.tooling.required import require

if TYPE_CHECKING:
    import onnx

_LARGEST_U8 = 255


@dataclass(frozen=True, slots=True)
class PixelScale:
    """The normalised picture as a quantized tensor: value = scale * (pixel - zero_point).

    Attributes:
        tensor: its name in the FP32 model.
        scale: 1 / std.
        zero_point: mean.
    """

    tensor: str
    scale: float
    zero_point: int


def pixel_scale(model: onnx.ModelProto) -> PixelScale | None:
    """What `add_u8_input` made of the pixels, as a scale and a zero point of the whole tensor.

    Returns:
        None where there is no such input, or where its normalisation cannot be said so: channels
        that differ, or a mean that is no whole number.
    """
    onnx = require("onnx")
    nodes = {node.name: node for node in model.graph.node}
    constants = {c.name: onnx.numpy_helper.to_array(c) for c in model.graph.initializer}
    if CAST not in nodes:
        return None
    mean, scale, tensor = np.float32(0), np.float32(1), nodes[CAST].output[0]
    if SUB in nodes:
        mean, tensor = constants[nodes[SUB].input[1]], nodes[SUB].output[0]
    if MUL in nodes:
        scale, tensor = constants[nodes[MUL].input[1]], nodes[MUL].output[0]
    if np.ndim(mean) or np.ndim(scale):
        return None
    if not float(mean).is_integer() or not 0 <= mean <= _LARGEST_U8:
        return None
    return PixelScale(tensor, float(scale), int(mean))


def fold_input_quantization(model: onnx.ModelProto, pixels: PixelScale) -> None:
    """Let the first layers read the picture itself.

    Readers of the normalised picture that stayed in float keep their normalisation.

    Args:
        model: QDQ, changed in place; the picture was quantized with the scale of `pixels`.
        pixels: what `pixel_scale` said of the FP32 model.
    """
    onnx = require("onnx")
    graph = model.graph
    nodes = {node.name: node for node in graph.node}
    picture = nodes[TRANSPOSE].output[0]
    readers = [node for node in graph.node if pixels.tensor in node.input]
    quantizers = [node for node in readers if node.op_type == "QuantizeLinear"]
    for quantizer in quantizers:
        for node in graph.node:
            if node.op_type == "DequantizeLinear" and node.input[0] == quantizer.output[0]:
                node.input[0] = picture
        graph.node.remove(quantizer)
    if len(quantizers) == len(readers):
        for name in (CAST, SUB, MUL):
            if name in nodes:
                graph.node.remove(nodes[name])
        read = {name for node in graph.node for name in node.input}
        for constant in [c for c in graph.initializer if c.name not in read]:
            graph.initializer.remove(constant)
    onnx.checker.check_model(model, full_check=True)
