"""ONNX files, by the package onnx."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from edgeserve.domain.errors import ConfigurationError, NotAvailableError
from edgeserve.domain.model import TensorSpec
from edgeserve.tooling.importing.model_file import Written, settled_shape
from edgeserve.tooling.input_u8 import add_u8_input
from edgeserve.tooling.required import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from onnx import ModelProto, ValueInfoProto

    from edgeserve.tooling.importing.model_file import Size

_WEIGHTED = {"Conv", "ConvTranspose", "Gemm", "MatMul"}
_INTEGER = {"QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger"}
_PASSED = {"Cast", "DequantizeLinear", "Identity", "QuantizeLinear", "Reshape", "Transpose"}
_PRECISIONS = {
    "INT8": "int8",
    "UINT8": "int8",
    "INT4": "int8",
    "UINT4": "int8",
    "FLOAT16": "fp16",
    "BFLOAT16": "fp16",
}


class OnnxSource:
    """An ONNX model in memory, weights from other files included."""

    runtimes = ("onnxruntime", "openvino")

    def __init__(self, path: Path) -> None:
        """Read a file.

        Raises:
            ConfigurationError: it is no ONNX model, or has not one input.
            NotAvailableError: onnx is not installed, or a file with weights is missing.
        """
        self._onnx = require("onnx")
        self._model = _load(self._onnx, path)
        self.input = self._input(path)
        self.metadata: Mapping[str, str] = {
            entry.key: entry.value for entry in self._model.metadata_props
        }

    @property
    def precision(self) -> str:
        """By the weights of convolutions and products."""
        graph, types = self._model.graph, self._onnx.TensorProto.DataType
        made = {name: node for node in graph.node for name in node.output}
        stored = {constant.name: constant.data_type for constant in graph.initializer}
        counts: Counter[str] = Counter()
        for node in graph.node:
            if node.op_type in _INTEGER:
                counts["int8"] += 1
            elif node.op_type in _WEIGHTED and len(node.input) > 1:
                kind = _stored_type(node.input[1], made, stored)
                if kind is not None:
                    counts[_PRECISIONS.get(types.Name(kind), "fp32")] += 1
        return counts.most_common(1)[0][0] if counts else "fp32"

    def write(self, target: Path, size: Size) -> Written:
        """Write the model with batch 1 and this size."""
        path = target.with_name(f"{target.name}.onnx")
        self._onnx.save(self._settled(size), str(path))
        return Written(path)

    def write_fused(
        self,
        target: Path,
        size: Size,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> Written:
        """Write it with `add_u8_input`; as it is where that does not go."""
        try:
            fused = add_u8_input(self._settled(size), mean=mean, std=std)
        except (
            ConfigurationError,
            ValueError,
            self._onnx.checker.ValidationError,
            self._onnx.shape_inference.InferenceError,
        ) as error:
            plain = self.write(target, size)
            return Written(plain.path, refused=str(error).strip().splitlines()[0])
        path = target.with_name(f"{target.name}.onnx")
        self._onnx.save(fused, str(path))
        return Written(path, fused=True)

    def _input(self, path: Path) -> TensorSpec:
        graph = self._model.graph
        constants = {constant.name for constant in graph.initializer}
        inputs = [value for value in graph.input if value.name not in constants]
        if len(inputs) != 1:
            names = ", ".join(value.name for value in inputs) or "none"
            text = f"{path} has inputs {names}; expected one, the picture"
            raise ConfigurationError(text)
        return _spec(self._onnx, inputs[0])

    def _settled(self, size: Size) -> ModelProto:
        """A copy whose input has no open size; what depended on it is inferred anew."""
        model: ModelProto = self._onnx.ModelProto()
        model.CopyFrom(self._model)
        shape = settled_shape(self.input, size)
        if shape == self.input.shape:
            return model
        graph = model.graph
        for value in graph.input:
            if value.name == self.input.name:
                for dimension, length in zip(value.type.tensor_type.shape.dim, shape, strict=True):
                    dimension.dim_value = length
        del graph.value_info[:]
        for value in graph.output:
            for dimension in value.type.tensor_type.shape.dim:
                dimension.Clear()
        inferred: ModelProto = self._onnx.shape_inference.infer_shapes(model)
        return inferred


def _load(onnx: Any, path: Path) -> ModelProto:  # noqa: ANN401 - a module
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - onnx brings it

    try:
        model: ModelProto = onnx.load(str(path), load_external_data=False)
        missing = _missing(onnx, model, path)
        if missing:
            text = f"{path} keeps weights in {missing}, which is not there; put it beside the model"
            raise NotAvailableError(text)
        onnx.load_external_data_for_model(model, str(path.parent))
        if not model.graph.node or not model.graph.output:
            text = f"{path} is not an ONNX model: it has no graph; it may be truncated"
            raise ConfigurationError(text)
        onnx.checker.check_model(model)
    except (DecodeError, ValueError, onnx.checker.ValidationError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        text = f"{path} is not a whole ONNX model: {reason}"
        raise ConfigurationError(text) from error
    except OSError as error:
        text = f"{path} cannot be read: {error.strerror or error}"
        raise NotAvailableError(text) from error
    return model


def _missing(onnx: Any, model: ModelProto, path: Path) -> str:  # noqa: ANN401 - a module
    """The first file with weights that is not there, or ""."""
    external = onnx.TensorProto.EXTERNAL
    for constant in model.graph.initializer:
        if constant.data_location == external:
            named = {entry.key: entry.value for entry in constant.external_data}
            location = path.parent / named.get("location", "")
            if not location.is_file():
                return str(location)
    return ""


def _stored_type(
    name: str,
    made: Mapping[str, Any],
    stored: Mapping[str, int],
) -> int | None:
    """The type in which a weight is stored; None for what is computed."""
    while name not in stored:
        node = made.get(name)
        if node is None:
            return None
        if node.op_type == "Constant":
            values = [one.t.data_type for one in node.attribute if one.HasField("t")]
            return values[0] if values else None
        if node.op_type not in _PASSED:
            return None
        name = node.input[0]
    return stored[name]


def _spec(onnx: Any, value: ValueInfoProto) -> TensorSpec:  # noqa: ANN401 - a module
    kind = value.type.tensor_type
    names = {
        onnx.TensorProto.FLOAT: "float32",
        onnx.TensorProto.FLOAT16: "float16",
        onnx.TensorProto.UINT8: "uint8",
    }
    shape = tuple(d.dim_value if d.dim_value > 0 else -1 for d in kind.shape.dim)
    dtype = names.get(kind.elem_type, onnx.TensorProto.DataType.Name(kind.elem_type).lower())
    return TensorSpec(value.name, shape, dtype)
