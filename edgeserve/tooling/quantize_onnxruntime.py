"""INT8 for ONNX Runtime: an ONNX file with QuantizeLinear and DequantizeLinear (QDQ)."""

from __future__ import annotations

import contextlib
import logging
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.tooling.input_u8 import PREFIX
from edgeserve.tooling.qdq_input import fold_input_quantization, pixel_scale
from edgeserve.tooling.required import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from edgeserve.tooling.float_layers import FloatLayers


_SYMMETRIC = {
    "ActivationSymmetric": True,
    "WeightSymmetric": True,
    "AddQDQPairToWeight": True,
    "QuantizeBias": False,
    "DedicatedQDQPair": True,
}
"""What TensorRT's parser of QDQ graphs takes."""


def quantize_onnxruntime(
    source: Path,
    target: Path,
    tensors: Sequence[NDArray[np.generic]],
    layers: FloatLayers,
    *,
    method: str = "MinMax",
    symmetric: bool = False,
) -> None:
    """Write the QDQ form of an FP32 model: weights s8 a channel, activations u8 a tensor.

    Args:
        source: FP32 ONNX file; its input is what the server's letterbox fills.
        target: file to write.
        tensors: calibration inputs.
        layers: what stays in float.
        method: how ranges follow from calibration: "MinMax", "Percentile" or "Entropy".
        symmetric: activations s8 around zero and biases in float, as TensorRT wants it.

    Raises:
        NotAvailableError: onnx or ONNX Runtime is not installed.
    """
    onnx = require("onnx")
    quantization = require("onnxruntime.quantization")
    with tempfile.TemporaryDirectory() as scratch, _quiet():
        prepared = Path(scratch) / "prepared.onnx"
        quantization.shape_inference.quant_pre_process(
            str(source),
            str(prepared),
            skip_symbolic_shape=True,  # the shapes are fixed; it would need sympy
        )
        model = onnx.load(str(prepared))
        excluded = [
            node.name
            for node in model.graph.node
            if node.name.startswith(PREFIX)
            or node.name in {*layers.convolutions, *layers.followers}
        ]
        pixels = None if symmetric else pixel_scale(model)
        overrides = {}
        if pixels is not None:
            given = {
                "scale": np.array(pixels.scale, dtype=np.float32),
                "zero_point": np.array(pixels.zero_point, dtype=np.uint8),
                "quant_type": quantization.QuantType.QUInt8,
            }
            overrides[pixels.tensor] = [given]
        quantization.quantize_static(
            str(prepared),
            str(target),
            _Reader(model.graph.input[0].name, tensors),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=(
                quantization.QuantType.QInt8 if symmetric else quantization.QuantType.QUInt8
            ),
            weight_type=quantization.QuantType.QInt8,
            calibrate_method=quantization.CalibrationMethod[method],
            nodes_to_exclude=excluded,
            extra_options={"TensorQuantOverrides": overrides, **(_SYMMETRIC if symmetric else {})},
        )
    if pixels is not None:
        quantized = onnx.load(str(target))
        fold_input_quantization(quantized, pixels)
        onnx.save(quantized, str(target))


class _Reader:
    """Hands one tensor after another to the calibrator."""

    def __init__(self, name: str, tensors: Sequence[NDArray[np.generic]]) -> None:
        self._name = name
        self._left: Iterator[NDArray[np.generic]] = iter(tensors)

    def get_next(self) -> dict[str, NDArray[np.generic]] | None:
        tensor = next(self._left, None)
        return None if tensor is None else {self._name: tensor}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Its progress goes to standard error, its advice nowhere."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        logger.setLevel(level)
