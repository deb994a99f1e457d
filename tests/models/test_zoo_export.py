"""The ONNX file of a network."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from models.export import INPUT, OUTPUTS, export  # noqa: E402
from models.recipe import load_recipe  # noqa: E402
from models.summary import layers  # noqa: E402
from models.zoo.network import Network  # noqa: E402

PATH = Path(__file__).parents[2] / "models" / "recipes" / "road-csp-tiny.toml"


def test_an_exported_file_keeps_the_contract(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    recipe = load_recipe(PATH)
    out = tmp_path / "net.onnx"
    export(recipe, Network(recipe.model).state_dict(), out)  # compares with the network itself

    graph = onnx.load(str(out)).graph
    shapes = {
        value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert shapes == {INPUT: [1, 3, 320, 320], OUTPUTS[0]: [1, 64, 2100], OUTPUTS[1]: [1, 5, 2100]}
    assert not {node.op_type for node in graph.node} & {"BatchNormalization", "Shape", "Gather"}
    assert any(tensor.name == "backbone.stem.0.conv.weight" for tensor in graph.initializer)
    assert out.stat().st_size < 7_500_000


def test_the_summary_counts_every_parameter() -> None:
    recipe = load_recipe(PATH)
    recipe = dataclasses.replace(
        recipe, input=dataclasses.replace(recipe.input, width=64, height=64)
    )
    expected = sum(p.numel() for p in Network(recipe.model).parameters())
    assert sum(layer.parameters for layer in layers(recipe)) == expected
