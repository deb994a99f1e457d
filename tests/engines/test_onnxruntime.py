"""ONNX Runtime: what it really executes, on which of its providers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.repository import shipped_dir
from edgeserve.domain.errors import EngineError, NotAvailableError
from edgeserve.engines import onnxruntime
from edgeserve.engines import onnxruntime_providers as providers
from edgeserve.engines.onnxruntime import OnnxRuntime
from edgeserve.engines.onnxruntime_profile import read
from edgeserve.engines.onnxruntime_session import BoundOnnxRequest
from edgeserve.engines.options import EngineOptions

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.domain.model import ModelFile

SPEC = Bundle.read(shipped_dir() / "road-csp-tiny").spec


def file(precision: str) -> ModelFile:
    found = [f for f in SPEC.files if "onnxruntime" in f.runtimes and f.precision == precision]
    if not found:
        pytest.skip(f"the installed bundle has no {precision} file for ONNX Runtime")
    return found[0]


STRANGE = [
    json.dumps([{"cat": "Node", "name": "n_kernel_time", "args": args}])
    for args in (
        {},
        {"provider": "p", "op_name": "Conv", "input_type_shape": []},
        {"provider": "p", "op_name": "Conv", "input_type_shape": [{}]},
    )
]
"""Profiles of another version of ONNX Runtime."""


def write(path: Path, *nodes: tuple[str, str, str]) -> Path:
    """A profile of nodes: operator, type of the first input, provider."""
    events: list[object] = [{"cat": "Session", "name": "model_run", "args": {}}]
    for kernel, kind, provider in nodes:
        args = {"op_name": kernel, "provider": provider, "input_type_shape": [{kind: [1]}]}
        events.append({"cat": "Node", "name": "n_kernel_time", "args": args})
        events.append({"cat": "Node", "name": "n_fence_before", "args": {"op_name": kernel}})
    path.write_text(json.dumps(events), encoding="utf-8")
    return path


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_the_precision_is_what_the_convolutions_run_in(precision: str) -> None:
    pytest.importorskip("onnxruntime")
    engine = OnnxRuntime().load(file(precision), "cpuexecutionprovider", EngineOptions(threads=2))
    assert engine.precision == precision
    assert engine.device == "onnxruntime:CPU"


def test_a_file_that_says_int8_and_computes_in_float_is_found_out() -> None:
    pytest.importorskip("onnxruntime")
    lying = replace(file("fp32"), precision="int8")
    assert OnnxRuntime().load(lying, "CPU", EngineOptions(threads=2)).precision == "fp32"


def test_most_convolutions_count_and_nodes_are_counted_by_provider(tmp_path: Path) -> None:
    cuda, cpu = "CUDAExecutionProvider", "CPUExecutionProvider"
    seen = read(
        write(
            tmp_path / "profile.json",
            ("Conv", "float16", cuda),
            ("FusedConv", "float16", cuda),
            ("QLinearConv", "uint8", cpu),
            ("Concat", "float", cpu),
            ("Relu", "float", cpu),
        )
    )
    assert seen.precision == "fp16"
    assert seen.nodes == {cuda: 2, cpu: 3}


@pytest.mark.parametrize("text", ["", "[", "[]", "{}", *STRANGE])
def test_a_profile_without_convolutions_knows_nothing(text: str, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(text, encoding="utf-8")
    assert read(path).precision == "unknown"
    assert read(tmp_path / "absent.json").precision == "unknown"


def test_the_trial_model_is_sound() -> None:
    onnx.checker.check_model(onnx.load_from_string(onnxruntime._RELU))


def test_what_is_listed_is_tried_before_it_is_called_usable() -> None:
    pytest.importorskip("onnxruntime")
    runtime = OnnxRuntime()
    assert runtime._refusal("CPU") == ""
    if "CUDA" not in runtime._offered():
        said = runtime._refusal("CUDA")
        assert said.startswith("CUDA is listed and cannot be loaded")
        assert "pip install 'edgeserve[cuda]'" in said


@pytest.mark.parametrize("device", ["CUDA", "cudaExecutionProvider", "TENSORRT"])
def test_a_provider_that_the_wheel_has_not_names_the_command_that_brings_it(device: str) -> None:
    pytest.importorskip("onnxruntime")
    runtime = OnnxRuntime()
    if "CUDA" in runtime._offered():
        pytest.skip("a CUDA build is here")
    with pytest.raises(NotAvailableError, match=r"only .*CPU") as refusal:
        runtime.load(file("int8"), device, EngineOptions())
    assert "pip uninstall -y onnxruntime" in str(refusal.value)
    missing = {one.name: one.missing for one in runtime.devices() if not one.available}
    assert set(missing) >= {"onnxruntime:CUDA", "onnxruntime:Tensorrt"}
    assert all("pip uninstall -y onnxruntime" in text for text in missing.values())


def test_each_provider_takes_its_best_form_first() -> None:
    runtime = OnnxRuntime()
    assert next(iter(runtime.precisions("CPU"))) == "int8"
    assert list(runtime.precisions("cudaexecutionprovider"))[:2] == ["fp16", "fp32"]
    # TensorRT refuses the zero points of our INT8 files: only a file of its own will do.
    assert "int8" not in runtime.precisions("Tensorrt")
    assert next(iter(runtime.precisions("QNN"))) == "int8"


def test_tensorrt_is_told_where_to_keep_its_engines(tmp_path: Path) -> None:
    form = file("int8")
    told = providers.provider_options("Tensorrt", form, tmp_path)
    assert told["trt_engine_cache_path"] == told["trt_timing_cache_path"] == str(tmp_path)
    assert (told["trt_int8_enable"], told["trt_fp16_enable"]) == ("1", "1")
    without = providers.provider_options("Tensorrt", form, None)
    assert not any("cache" in name for name in without)
    assert providers.provider_options("CUDA", form, tmp_path) == {"use_tf32": "0"}
    assert providers.provider_options("CPU", form, tmp_path) == {}


def test_a_request_with_bound_memory_answers_as_one_without() -> None:
    """For CUDA; on a CPU it computes the same, which is why it can be tried here."""
    pytest.importorskip("onnxruntime")
    engine = OnnxRuntime().load(file("int8"), "CPU", EngineOptions(threads=2))
    plain = engine.create_request()
    bound = BoundOnnxRequest(engine._session, engine._module.RunOptions(), engine)
    random = np.random.default_rng(1)
    for _ in range(2):
        tensor = random.integers(0, 256, engine.input.shape, dtype=np.uint8)
        expected, outputs = plain.infer(tensor), bound.infer(tensor)
        assert set(outputs) == set(expected)
        for name, values in expected.items():
            np.testing.assert_array_equal(outputs[name], values)
    for wrong in (tensor[:, 1:], tensor.astype(np.float32)):
        with pytest.raises(EngineError):
            bound.infer(wrong)
    assert set(bound.infer(tensor)) == set(expected)
