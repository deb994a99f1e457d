"""OpenVINO IR, by OpenVINO; and ONNX where the package onnx is not installed."""

from __future__ import annotations

import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeserve.domain.errors import ConfigurationError, NotAvailableError
from edgeserve.domain.model import TensorSpec
from edgeserve.tooling.importing.model_file import Written, picture_layout, settled_shape
from edgeserve.tooling.required import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import openvino

    from edgeserve.tooling.importing.model_file import Size

_WEIGHTED = {"Convolution", "GroupConvolution", "ConvolutionBackpropData", "MatMul"}
_PASSED = {"Convert", "Multiply", "Reshape", "Subtract", "Transpose"}
_PRECISIONS = {"i8": "int8", "u8": "int8", "i4": "int8", "u4": "int8", "f16": "fp16"}
_SECTIONS = ("framework", "model_info")
"""Where in an IR's run-time information exporters write what ONNX calls metadata."""


class OpenVinoSource:
    """A model that OpenVINO reads. IR is written by OpenVINO; other formats are copied."""

    def __init__(self, path: Path) -> None:
        """Read a file.

        Raises:
            ConfigurationError: OpenVINO does not read it, or it has not one input.
            NotAvailableError: OpenVINO is not installed, or an IR's weights are missing.
        """
        self._openvino = require("openvino")
        self._path = path
        self._copied = path.suffix.lower() != ".xml"
        self.runtimes = ("onnxruntime", "openvino") if self._copied else ("openvino",)
        if not self._copied and not path.with_suffix(".bin").is_file():
            text = f"{path} keeps its weights in {path.with_suffix('.bin')}, which is not there"
            raise NotAvailableError(text)
        model = self._read()
        if len(model.inputs) != 1:
            names = ", ".join(port.get_any_name() for port in model.inputs) or "none"
            text = f"{path} has inputs {names}; expected one, the picture"
            raise ConfigurationError(text)
        port = model.input(0)
        self.input = TensorSpec(
            name=port.get_any_name(),
            shape=tuple(d.get_length() if d.is_static else -1 for d in port.get_partial_shape()),
            dtype=np.dtype(port.get_element_type().to_dtype()).name,
        )
        self.metadata: Mapping[str, str] = _metadata(model)
        self.precision = _precision(model)

    def write(self, target: Path, size: Size) -> Written:
        """Write the model with batch 1 and this size; a copied one keeps its open sizes."""
        if self._copied:
            settled_shape(self.input, size)
            path = target.with_name(f"{target.name}{self._path.suffix}")
            shutil.copyfile(self._path, path)
            return Written(path)
        return self._save(self._settled(size), target)

    def write_fused(
        self,
        target: Path,
        size: Size,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> Written:
        """Write an IR with the normalisation inside; a copied model stays as it is."""
        if self._copied:
            plain = self.write(target, size)
            return Written(plain.path, refused="the package onnx is not installed")
        model = self._settled(size)
        prepare = self._openvino.preprocess.PrePostProcessor(model)
        picture = prepare.input()
        picture.tensor().set_element_type(self._openvino.Type.u8)
        picture.tensor().set_layout(self._openvino.Layout("NHWC"))
        picture.model().set_layout(self._openvino.Layout(picture_layout(self.input)))
        steps = picture.preprocess().convert_element_type(self._openvino.Type.f32)
        if any(mean):
            steps.mean([float(value) for value in mean])
        if any(value != 1 for value in std):
            steps.scale([float(value) for value in std])
        written = self._save(prepare.build(), target)
        return Written(written.path, written.companions, fused=True)

    def _read(self) -> openvino.Model:
        try:
            model: openvino.Model = self._openvino.Core().read_model(self._path)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            text = f"{self._path} is not a whole model that OpenVINO reads: {reason}"
            raise ConfigurationError(text) from error
        return model

    def _settled(self, size: Size) -> openvino.Model:
        model = self._read()
        shape = settled_shape(self.input, size)
        if shape != self.input.shape:
            model.reshape(list(shape))
        return model

    def _save(self, model: openvino.Model, target: Path) -> Written:
        path = target.with_name(f"{target.name}.xml")
        # Compression would change the weights, and with them the precision.
        self._openvino.save_model(model, path, compress_to_fp16=False)
        return Written(path, (path.with_suffix(".bin"),))


def _metadata(model: openvino.Model) -> dict[str, str]:
    found: dict[str, str] = {}
    for section in _SECTIONS:
        if model.has_rt_info([section]):
            entries = model.get_rt_info([section])
            names = entries if isinstance(entries, dict) else entries.value
            for name in names if isinstance(names, dict) else ():
                found[name] = str(model.get_rt_info([section, name]).astype(str))
    return found


def _precision(model: openvino.Model) -> str:
    """By the stored weights of convolutions and products."""
    counts: Counter[str] = Counter()
    for node in model.get_ordered_ops():
        if node.get_type_name() in _WEIGHTED:
            kind = _stored_type(node.input_value(1).get_node())
            if kind is not None:
                counts[kind] += 1
    return counts.most_common(1)[0][0] if counts else "fp32"


def _stored_type(node: Any) -> str | None:  # noqa: ANN401 - untyped library
    """The precision in which a weight is stored; None for what is computed."""
    while node.get_type_name() in _PASSED:
        node = node.input_value(0).get_node()
    if node.get_type_name() == "FakeQuantize":
        return "int8"
    if node.get_type_name() != "Constant":
        return None
    return _PRECISIONS.get(node.get_element_type().get_type_name(), "fp32")
