"""FP16 for GPUs: an ONNX file that computes in half precision."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.tooling.required import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.tooling.float_layers import FloatLayers


def write_fp16(
    source: Path,
    target: Path,
    tensors: Sequence[NDArray[np.generic]],  # noqa: ARG001 - nothing to calibrate
    layers: FloatLayers,  # noqa: ARG001 - all of them
) -> None:
    """Write the FP16 form of an FP32 model; its outputs stay float32.

    Args:
        source: FP32 ONNX file.
        target: file to write.
        tensors: not needed.
        layers: not heeded.

    Raises:
        NotAvailableError: onnx or ONNX Runtime is not installed.
    """
    onnx = require("onnx")
    quantization = require("onnxruntime.quantization")
    float16 = require("onnxruntime.transformers.float16")
    with tempfile.TemporaryDirectory() as scratch:
        prepared = Path(scratch) / "prepared.onnx"
        # Folds what is stored in half precision already and widened by casts.
        quantization.shape_inference.quant_pre_process(
            str(source), str(prepared), skip_symbolic_shape=True
        )
        with warnings.catch_warnings():
            # Numbers too small for half precision become its smallest: that is meant.
            warnings.simplefilter("ignore")
            half = float16.convert_float_to_float16(onnx.load(str(prepared)), keep_io_types=True)
    onnx.save(half, str(target))
