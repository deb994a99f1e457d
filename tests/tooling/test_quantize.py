from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest

from edgeserve.catalog.bundle import Bundle
from edgeserve.domain.errors import ConfigurationError, NotAvailableError
from edgeserve.tooling.calibration import calibration_tensors
from edgeserve.tooling.float_layers import FloatLayers, choices
from edgeserve.tooling.input_u8 import PREFIX, add_u8_input
from edgeserve.tooling.isa import call_under, can_be_capped
from edgeserve.tooling.qdq_input import pixel_scale
from edgeserve.tooling.quantize import FORMS, PUBLISHED, Form, fp32_onnx
from edgeserve.tooling.quantize_onnxruntime import quantize_onnxruntime
from edgeserve.tooling.quantized_bundle import quantize_bundle
from edgeserve.tooling.stored_files import split_files
from tests.tooling.synthetic import network

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = pytest.mark.filterwarnings("ignore")  # the quantizers' own


def test_a_quantized_model_takes_the_picture_as_it_is(
    bundle: Bundle, squares: Path, tmp_path: Path
) -> None:
    source, target = fp32_onnx(bundle.spec), tmp_path / "int8.onnx"
    tensors = calibration_tensors(squares, bundle.spec.input)
    quantize_onnxruntime(source, target, tensors, choices(onnx.load(str(source)))[0])

    graph = onnx.load(str(target)).graph
    added = [node.op_type for node in graph.node if node.name.startswith(PREFIX)]
    assert added == ["Transpose", "DequantizeLinear"]
    (dequantize,) = (n for n in graph.node if n.name.startswith(PREFIX) and n.op_type[0] == "D")
    constants = {c.name: onnx.numpy_helper.to_array(c) for c in graph.initializer}
    assert constants[dequantize.input[1]] == np.float32(1 / 255)
    assert constants[dequantize.input[2]] == 0
    kinds = {node.name: node.op_type for node in graph.node}
    assert kinds["middle"] == "Conv"
    assert "last_classes.weight_scale" not in constants


def test_a_normalisation_that_no_zero_point_expresses_stays() -> None:
    whole = pixel_scale(add_u8_input(network(), mean=[128] * 3, std=[64] * 3))
    assert whole is not None
    assert (whole.scale, whole.zero_point) == (1 / 64, 128)
    assert pixel_scale(add_u8_input(network(), mean=[1, 2, 3], std=[64] * 3)) is None
    assert pixel_scale(add_u8_input(network(), mean=[0.5] * 3, std=[64] * 3)) is None
    assert pixel_scale(network()) is None


def test_both_forms_pass_and_become_a_bundle(bundle: Bundle, squares: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    verdicts = quantize_bundle(bundle, squares, out, ["openvino", "onnxruntime"])

    assert [verdict.passed for verdict in verdicts] == [True, True]
    assert verdicts[0].best.before["all"] == pytest.approx(1)
    assert set(verdicts[0].document()) >= {"before", "after", "drop", "float_layers", "passed"}
    written = Bundle.read(out)
    written.verify()
    assert [(file.path, file.runtimes) for file in written.manifest.files] == [
        ("model-int8.xml", ("openvino",)),
        ("model-int8.onnx", ("onnxruntime",)),
        ("model-fp32.onnx", ("onnxruntime", "openvino")),
    ]
    assert {(a.runtime, a.precision, a.split) for a in written.manifest.accuracy} == {
        ("openvino", "int8", "val"),
        ("onnxruntime", "int8", "val"),
    }
    with pytest.raises(ConfigurationError, match="is there already"):
        quantize_bundle(bundle, squares, out, ["openvino"])


def _quantize_badly(
    source: Path,
    target: Path,
    tensors: Sequence[NDArray[np.generic]],
    layers: FloatLayers,
) -> None:
    """The whole head in 8 bits, and the scales of one weight in another order."""
    quantize_onnxruntime(source, target, tensors, replace(layers, convolutions=(), followers=()))
    model = onnx.load(str(target))
    (scales,) = (c for c in model.graph.initializer if c.name == "average_scale")
    shuffled = np.roll(onnx.numpy_helper.to_array(scales), 1)
    scales.CopyFrom(onnx.numpy_helper.from_array(shuffled, scales.name))
    onnx.save(model, str(target))


def test_what_loses_too_much_is_refused_and_not_written(
    bundle: Bundle, squares: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    bad = {
        "onnxruntime": Form("model-int8.onnx", (), _quantize_badly, "onnxruntime", "onnxruntime")
    }
    (verdict,) = quantize_bundle(bundle, squares, out, ["onnxruntime"], forms=bad)

    assert not verdict.passed
    assert verdict.best.drop > 0.005
    assert len(verdict.attempts) == 5
    assert verdict.document()["passed"] is False
    assert not out.exists()


def test_a_looser_gate_lets_it_through(bundle: Bundle, squares: Path, tmp_path: Path) -> None:
    bad = {
        "onnxruntime": Form("model-int8.onnx", (), _quantize_badly, "onnxruntime", "onnxruntime")
    }
    out = tmp_path / "out"
    (verdict,) = quantize_bundle(bundle, squares, out, ["onnxruntime"], max_drop=1, forms=bad)
    assert verdict.passed
    assert len(verdict.attempts) == 1
    assert out.is_dir()


def test_without_the_float_form_there_is_nothing_to_start_from(bundle: Bundle) -> None:
    assert set(PUBLISHED) < set(FORMS)
    with pytest.raises(NotAvailableError, match="has no FP32 ONNX file"):
        fp32_onnx(replace(bundle.spec, files=()))


def test_pictures_without_labels_are_judged_by_agreement(
    bundle: Bundle, squares: Path, tmp_path: Path
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for file in split_files(squares, "val").values():
        if not file.name.endswith(".txt"):
            (pictures / file.name).write_bytes(file.read())
    (verdict,) = quantize_bundle(bundle, pictures, tmp_path / "out", ["onnxruntime"])
    assert verdict.passed
    assert verdict.best.after["agreement"] == pytest.approx(1, abs=verdict.max_drop)

    bad = {
        "onnxruntime": Form("model-int8.onnx", (), _quantize_badly, "onnxruntime", "onnxruntime")
    }
    (verdict,) = quantize_bundle(bundle, pictures, tmp_path / "bad", ["onnxruntime"], forms=bad)
    assert not verdict.passed


@pytest.mark.skipif(not can_be_capped("openvino"), reason="oneDNN's cap is for x86")
def test_the_gate_also_asks_a_cpu_without_vnni(
    bundle: Bundle, squares: Path, tmp_path: Path
) -> None:
    (verdict,) = quantize_bundle(bundle, squares, tmp_path / "out", ["openvino"])
    assert set(verdict.best.after) == {"all", "all, AVX2"}


def test_the_cap_reaches_only_the_child() -> None:
    assert call_under("AVX2", os.getenv, "ONEDNN_MAX_CPU_ISA") == "AVX2"
    assert "ONEDNN_MAX_CPU_ISA" not in os.environ


def test_forms_for_gpus_pass_and_are_for_them_alone(
    bundle: Bundle, squares: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    verdicts = quantize_bundle(bundle, squares, out, ["tensorrt", "cuda"])
    assert [verdict.passed for verdict in verdicts] == [True, True]
    written = Bundle.read(out)
    written.verify()
    assert [(file.path, file.runtimes, file.precision) for file in written.manifest.files] == [
        ("model-int8-symmetric.onnx", ("onnxruntime:Tensorrt",), "int8"),
        ("model-fp16.onnx", ("onnxruntime",), "fp16"),
        ("model-fp32.onnx", ("onnxruntime", "openvino"), "fp32"),
    ]
    assert {(one.runtime, one.precision) for one in written.manifest.accuracy} == {
        ("onnxruntime", "fp16")
    }, "what a CPU measured of a form for TensorRT is not TensorRT's accuracy"


def test_the_form_for_tensorrt_is_symmetric(bundle: Bundle, squares: Path, tmp_path: Path) -> None:
    source, target = fp32_onnx(bundle.spec), tmp_path / "symmetric.onnx"
    tensors = calibration_tensors(squares, bundle.spec.input)
    FORMS["tensorrt"].quantizer(source, target, tensors, choices(onnx.load(str(source)))[0])
    graph = onnx.load(str(target)).graph
    constants = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    quantizers = [node for node in graph.node if node.op_type == "QuantizeLinear"]
    assert quantizers
    for node in quantizers:
        zero = constants[node.input[2]]
        assert zero.dtype == np.int8
        assert not zero.any()
