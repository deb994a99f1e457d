"""INT8 for OpenVINO: an IR (xml and bin) with quantized weights."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING

from edgeserve.tooling.required import require

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import openvino
    from numpy.typing import NDArray

    from edgeserve.tooling.float_layers import FloatLayers

_WITHOUT_BIASES = "/WithoutBiases"
"""What OpenVINO's ONNX reader adds to the name of a convolution whose bias it split off."""


def quantize_openvino(
    source: Path,
    target: Path,
    tensors: Sequence[NDArray[np.generic]],
    layers: FloatLayers,
) -> None:
    """Write the INT8 IR of an FP32 ONNX model.

    Args:
        source: FP32 ONNX file; its input is what the server's letterbox fills.
        target: the .xml to write; the .bin lies beside it.
        tensors: calibration inputs.
        layers: what stays in float.

    Raises:
        NotAvailableError: nncf or OpenVINO is not installed.
    """
    # Quantizing a model is nobody else's business: this keeps nncf from reporting it to its makers.
    os.environ.setdefault("NNCF_CI", "1")
    openvino, nncf = require("openvino"), require("nncf")
    transformations = require("openvino._offline_transformations")
    ranges = require("nncf.quantization.range_estimator")
    advanced = require("nncf.quantization.advanced_parameters")
    nncf.set_log_level(logging.ERROR)
    model = openvino.Core().read_model(source)
    # Fuses x * sigmoid(x) into one operation: quantized apart, the two cost a third of the speed.
    transformations.apply_moc_transformations(model, cf=False, smart_reshape=True)
    with contextlib.redirect_stdout(sys.stderr):
        quantized = nncf.quantize(
            model,
            nncf.Dataset(list(tensors)),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(tensors),
            fast_bias_correction=True,
            ignored_scope=nncf.IgnoredScope(names=_names(model, layers)),
            advanced_parameters=advanced.AdvancedQuantizationParameters(
                # The default averages the ranges of the frames, and so clips what only a few of
                # them hold: large objects. It cost 0.015 AP, the extremes of all frames cost none.
                activations_range_estimator_params=ranges.RangeEstimatorParametersSet.MINMAX,
            ),
        )
    openvino.save_model(quantized, target, compress_to_fp16=False)


def _names(model: openvino.Model, layers: FloatLayers) -> list[str]:
    """The operations that the ONNX nodes became."""
    return [
        operation.get_friendly_name()
        for operation in model.get_ordered_ops()
        if operation.get_friendly_name().removesuffix(_WITHOUT_BIASES) in layers.convolutions
        and "Convolution" in operation.get_type_name()
    ]
