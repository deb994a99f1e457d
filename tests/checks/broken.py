"""The shipped bundle, broken in the ways in which quantizing and describing a model go wrong."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import numpy_helper

from edgeserve.catalog.bundle import MANIFEST, Bundle
from edgeserve.catalog.repository import shipped_dir

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Change = Callable[[onnx.ModelProto], None]

_FORM = "model-int8.onnx"


def copy_bundle(folder: Path, *replaced: tuple[str, str]) -> Bundle:
    """The INT8 forms of the shipped bundle, parts of its manifest replaced; each must be there."""
    shutil.copytree(
        shipped_dir() / "road-csp-tiny", folder, ignore=shutil.ignore_patterns("*fp32*")
    )
    path = folder / MANIFEST
    text = path.read_text(encoding="utf-8")
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return Bundle.read(folder)


def change_onnx(folder: Path, change: Change) -> Bundle:
    """The shipped bundle whose INT8 form for ONNX Runtime is another, with a checksum that fits."""
    bundle = copy_bundle(folder)
    path = folder / _FORM
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    model = onnx.load(str(path))
    change(model)
    onnx.save(model, str(path))
    manifest = folder / MANIFEST
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    assert new != old
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return Bundle.read(bundle.folder)


def roll_weight_scales(number: int) -> Change:
    """The scales of a quantized convolution belong to other channels than their weights."""

    def change(model: onnx.ModelProto) -> None:
        scale = _quantized(model)[number].input[1]
        _replace(model, scale, lambda values: np.roll(values, len(values) // 2))

    return change


def round_head(bits: int) -> Change:
    """The last convolutions have weights of so few bits, one scale for all channels."""

    def change(model: onnx.ModelProto) -> None:
        for name in _last_weights(model):
            _replace(model, name, lambda values: _rounded(values, bits))

    return change


def scale_pixels(factor: float) -> Change:
    """The picture is not divided by 255, but by something else."""

    def change(model: onnx.ModelProto) -> None:
        name = model.graph.input[0].name
        nodes = {node.input[0]: node for node in model.graph.node}
        while nodes[name].op_type != "DequantizeLinear":
            name = nodes[name].output[0]
        _replace(model, nodes[name].input[1], lambda values: values * np.float32(factor))

    return change


def put_into_head(value: float) -> Change:
    """All weights of the last convolutions have one value, as NaN."""

    def change(model: onnx.ModelProto) -> None:
        for name in _last_weights(model):
            _replace(model, name, lambda values: np.full_like(values, value))

    return change


def _rounded(values: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    step = np.abs(values).max() / (2 ** (bits - 1) - 1)
    rounded: NDArray[np.float32] = (np.round(values / step) * step).astype(np.float32)
    return rounded


def _quantized(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """The DequantizeLinear of the weights of each quantized convolution, in order."""
    makers = {node.output[0]: node for node in model.graph.node}
    return [
        makers[node.input[1]]
        for node in model.graph.node
        if node.op_type == "Conv" and node.input[1] in makers
    ]


def _last_weights(model: onnx.ModelProto) -> list[str]:
    """Names of the weights that are left in float: those of the last convolutions."""
    constants = {constant.name for constant in model.graph.initializer}
    return [
        node.input[1]
        for node in model.graph.node
        if node.op_type == "Conv" and node.input[1] in constants
    ]


def _replace(
    model: onnx.ModelProto,
    name: str,
    change: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> None:
    (constant,) = (one for one in model.graph.initializer if one.name == name)
    values = numpy_helper.to_array(constant)
    constant.CopyFrom(numpy_helper.from_array(change(values).astype(values.dtype), name))
