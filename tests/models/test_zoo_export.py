"""The ONNX file of a network."""

from __future__ import annotations

import dataclasses
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from models.__main__ import main  # noqa: E402
from models.export import INPUT, OUTPUTS, export  # noqa: E402
from models.recipe import ModelRecipe, NetworkRecipe, load_network  # noqa: E402
from models.zoo.darknet_weights import write_weights  # noqa: E402
from models.zoo.network import Network  # noqa: E402

if TYPE_CHECKING:
    from onnx import ModelProto

FOLDER = Path(__file__).parents[2] / "models" / "recipes"
RECIPES = [
    pytest.param(path, id=path.stem, marks=pytest.mark.long if path.stem == "yolov4" else [])
    for path in sorted(FOLDER.glob("*.toml"))
]

# Between them they hold every part that no recipe file has.
OTHERS = {
    "elan, bifpn, distances": {
        "strides": [4, 8, 16, 32],
        "backbone": {"family": "elan", "widths": [8, 8, 16, 24, 32], "conv": "rep"},
        "neck": {"kind": "bifpn", "width": 16},
        "head": {"kind": "distances", "width": 16},
    },
    "focus, light pan to stride 64": {
        "strides": [16, 32, 64],
        "backbone": {
            "family": "c2f",
            "widths": [8, 16, 16, 16, 16],
            "repeats": [1, 1, 1, 1],
            "stem": "focus",
        },
        "neck": {"kind": "pan", "width": 16, "join": "sum", "conv": "depthwise"},
        "head": {"kind": "dfl", "width": 16, "reg_max": 8},
    },
    "darknet53, fpn, anchors": {
        "strides": [16, 32],
        "backbone": {"family": "darknet53", "width": 0.125, "activation": "relu6"},
        "neck": {"kind": "fpn", "width": 16, "conv": "rep"},
        "head": {
            "kind": "anchor-grid",
            "widths": [16, 16],
            "anchors": [[[10, 14]], [[81, 82]]],
            "scale_xy": [1, 1],
        },
    },
    "yolov4, a quarter as wide": {
        "strides": [8, 16, 32],
        "backbone": {"family": "csp-darknet53", "width": 0.25, "activation": "mish"},
        "neck": {"kind": "yolov4", "activation": "leaky"},
        "head": {
            "kind": "anchor-grid",
            "widths": [64, 128, 256],
            "anchors": [[[12, 16]], [[36, 75]], [[142, 110]]],
            "scale_xy": [1.2, 1.1, 1.05],
        },
    },
}


def _small(recipe: NetworkRecipe) -> NetworkRecipe:
    size = recipe.input.model_copy(update={"width": 128, "height": 64})
    return dataclasses.replace(recipe, input=size)


def _file(recipe: NetworkRecipe, out: Path) -> ModelProto:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    # `export` compares the file with the network and refuses another answer.
    export(recipe, Network(recipe.model).state_dict(), out)
    model: ModelProto = onnx.load(str(out))
    return model


def _shapes(model: ModelProto) -> dict[str, list[int]]:
    return {
        value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }


def test_an_exported_file_keeps_the_contract(tmp_path: Path) -> None:
    out = tmp_path / "net.onnx"
    model = _file(load_network(FOLDER / "road-csp-tiny.toml"), out)
    assert _shapes(model) == {
        INPUT: [1, 3, 320, 320],
        OUTPUTS[0]: [1, 64, 2100],
        OUTPUTS[1]: [1, 5, 2100],
    }
    graph = model.graph
    assert not {node.op_type for node in graph.node} & {"BatchNormalization", "Shape", "Gather"}
    assert any(tensor.name == "backbone.stem.0.conv.weight" for tensor in graph.initializer)
    assert out.stat().st_size < 7_500_000
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert facts["reg_max"] == "16"
    assert facts["strides"] == "8,16,32"


@pytest.mark.parametrize("path", RECIPES)
def test_the_file_of_a_recipe_computes_what_its_network_does(path: Path, tmp_path: Path) -> None:
    recipe = _small(load_network(path))
    model = _file(recipe, tmp_path / "net.onnx")
    with torch.device("meta"):
        names = Network(recipe.model).output_names
    assert list(_shapes(model)) == [INPUT, *names]


@pytest.mark.parametrize("parts", OTHERS.values(), ids=OTHERS)
def test_the_file_of_any_parts_computes_what_they_do(
    parts: dict[str, object], tmp_path: Path
) -> None:
    table = {"classes": ["a", "b"], "activation": "mish", **parts}
    model = ModelRecipe.model_validate(table)
    size = load_network(FOLDER / "road-csp-tiny.toml").input
    graph = _file(_small(NetworkRecipe("parts", model, size)), tmp_path / "net.onnx").graph
    assert not {node.op_type for node in graph.node} & {"BatchNormalization", "Shape", "Gather"}


def test_a_darknet_file_is_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    path = FOLDER / "yolov4-tiny.toml"
    network = Network(load_network(path).model)
    weights, out = tmp_path / "net.weights", tmp_path / "net.onnx"
    write_weights(network, weights)
    words = ["models", "export", str(path), "--weights", str(weights), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", words)
    main()
    model = onnx.load(str(out))
    assert _shapes(model) == {
        INPUT: [1, 3, 416, 416],
        "grid16": [1, 255, 26, 26],
        "grid32": [1, 255, 13, 13],
    }
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert facts["anchors"].startswith("23,27,37,58,81,82;81,82")
    (last,) = (t for t in model.graph.initializer if t.name == "head.levels.0.1.bias")
    bias = network.get_parameter("head.levels.0.1.bias").tolist()
    assert struct.unpack("<255f", last.raw_data) == pytest.approx(bias)
