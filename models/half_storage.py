"""An ONNX file of half the size: weights lie there as float16 and are widened when it is loaded.

Runtimes fold the casts into constants at load, so it computes in float32 all the same, with
weights that have 11 significant bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    import onnx

_LEAST_NUMBERS = 1024
"""Smaller constants are not worth a node."""


def store_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store the large float32 constants of a model as float16, in place.

    Raises:
        ValueError: a weight is beyond what float16 can hold.
    """
    casts = []
    for constant in model.graph.initializer:
        numbers = numpy_helper.to_array(constant)
        if constant.data_type != TensorProto.FLOAT or numbers.size < _LEAST_NUMBERS:
            continue
        with np.errstate(over="ignore"):
            half = numbers.astype(np.float16)
        if not np.isfinite(half).all():
            msg = f"{constant.name}: a weight is beyond what float16 can hold"
            raise ValueError(msg)
        name, stored = constant.name, f"{constant.name}_half"
        constant.CopyFrom(numpy_helper.from_array(half, stored))
        cast = helper.make_node("Cast", [stored], [name], f"widen_{name}", to=TensorProto.FLOAT)
        casts.append(cast)
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model
