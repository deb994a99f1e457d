"""From the FP32 form of a model to smaller forms that have passed the gate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

from edgeserve.domain.errors import NotAvailableError
from edgeserve.domain.model import ModelFile
from edgeserve.tooling.float_layers import FloatLayers, choices
from edgeserve.tooling.gate import MAX_DROP, search
from edgeserve.tooling.half_precision import write_fp16
from edgeserve.tooling.quantize_onnxruntime import quantize_onnxruntime
from edgeserve.tooling.quantize_openvino import quantize_openvino
from edgeserve.tooling.required import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec
    from edgeserve.tooling.gate import Verdict
    from edgeserve.tooling.yardstick import Reading, Yardstick


class Quantizer(Protocol):
    """Writes a quantized form."""

    def __call__(
        self,
        source: Path,
        target: Path,
        tensors: Sequence[NDArray[np.generic]],
        layers: FloatLayers,
    ) -> None:
        """Quantize the FP32 ONNX file `source` into `target`."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a model that is smaller than FP32.

    Attributes:
        file: its name in the bundle.
        companions: names of the files that belong to it.
        quantizer: makes it.
        runtime: whose CPU device measures it.
        made_for: what may open it, as the manifest says: a runtime, or RUNTIME:DEVICE.
        precision: "int8" or "fp16".
    """

    file: str
    companions: tuple[str, ...]
    quantizer: Quantizer
    runtime: str
    made_for: str
    precision: Literal["int8", "fp16"] = "int8"


_ORT = "onnxruntime"
FORMS: Mapping[str, Form] = {
    "openvino": Form(
        "model-int8.xml", ("model-int8.bin",), quantize_openvino, "openvino", "openvino"
    ),
    "onnxruntime": Form("model-int8.onnx", (), quantize_onnxruntime, _ORT, _ORT),
    "tensorrt": Form(
        "model-int8-symmetric.onnx",
        (),
        partial(quantize_onnxruntime, symmetric=True),
        _ORT,
        "onnxruntime:Tensorrt",
    ),
    "cuda": Form("model-fp16.onnx", (), write_fp16, _ORT, _ORT, "fp16"),
}
"""By target: the two runtimes on CPUs and Intel devices, and two providers of ONNX Runtime."""
PUBLISHED = ("openvino", "onnxruntime")
"""Targets of the bundles that ship."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What every INT8 form of a model is made from and measured against.

    Attributes:
        spec: the model.
        source: its FP32 ONNX file.
        tensors: calibration inputs.
        yardstick: measures the forms.
    """

    spec: ModelSpec
    source: Path
    tensors: Sequence[NDArray[np.generic]]
    yardstick: Yardstick


def fp32_onnx(spec: ModelSpec) -> Path:
    """The FP32 ONNX file of a model.

    Raises:
        NotAvailableError: it has none here.
    """
    for file in spec.files:
        if file.precision == "fp32" and file.path.suffix == ".onnx":
            return file.path
    text = (
        f"model {spec.name} has no FP32 ONNX file here, which INT8 forms are made from; the "
        "installed package leaves it out: use a bundle that holds it, as the source tree does"
    )
    raise NotAvailableError(text)


def quantize(
    reference: Reference,
    target: str,
    folder: Path,
    *,
    max_drop: float = MAX_DROP,
    forms: Mapping[str, Form] = FORMS,
) -> Verdict:
    """Make the form of a model for a target, in the first way that passes the gate.

    Where none passes, nothing is left in the folder.

    Args:
        reference: the model, its data and what measures it.
        target: one of `forms`.
        folder: where the form's files go.
        max_drop: what each figure of the yardstick may lose.
        forms: how each target's form is made.

    Raises:
        NotAvailableError: a library or the runtime is not installed.
    """
    onnx = require("onnx")
    form = forms[target]
    path = folder / form.file
    spec = replace(reference.spec, files=(ModelFile(path, (form.runtime,), form.precision),))

    def measure(layers: FloatLayers) -> Reading:
        form.quantizer(reference.source, path, reference.tensors, layers)
        return reference.yardstick.read(spec, form.runtime, form.precision)

    ways = choices(onnx.load(str(reference.source)))
    if form.precision != "int8":
        ways = [FloatLayers("nothing", (), ())]
    verdict = search(target, ways, measure, reference.yardstick.before, max_drop)
    if not verdict.passed:
        for name in (form.file, *form.companions):
            (folder / name).unlink(missing_ok=True)
    return verdict
