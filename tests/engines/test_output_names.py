"""Outputs are called what the file calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.domain.model import ModelFile
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes

onnx = pytest.importorskip("onnx", reason="the model is made with the package onnx")

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_an_output_that_only_renames_an_inner_tensor_keeps_its_name(
    tmp_path: Path,
    runtime: str,
) -> None:
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("Relu", ["images"], ["a_inner"]),
            onnx.helper.make_node("Identity", ["a_inner"], ["boxes"]),
        ],
        "renamed",
        [value("images", onnx.TensorProto.FLOAT, [1, 3, 4, 4])],
        [value("boxes", onnx.TensorProto.FLOAT, [1, 3, 4, 4])],
    )
    path = tmp_path / "renamed.onnx"
    opset = onnx.helper.make_opsetid("", 17)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8), str(path))
    file = ModelFile(path, (runtime,), "fp32")
    engine = runtimes()[runtime].load(file, "CPU", EngineOptions())
    assert [output.name for output in engine.outputs] == ["boxes"]
    tensor = np.ones((1, 3, 4, 4), dtype=np.float32)
    assert set(engine.create_request().infer(tensor)) == {"boxes"}
