"""The table of a network's layers, and its drawing."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

torch = pytest.importorskip("torch")

from models.__main__ import main  # noqa: E402
from models.recipe import ModelRecipe, NetworkRecipe, load_network  # noqa: E402
from models.stages import outline  # noqa: E402
from models.summary import layers, table  # noqa: E402
from models.zoo.network import Network  # noqa: E402

FOLDER = Path(__file__).parents[2] / "models" / "recipes"
RECIPES = sorted(FOLDER.glob("*.toml"))
SVG = "{http://www.w3.org/2000/svg}"

# What Darknet prints for the same networks and sizes, in BFLOPs.
WORK = {"yolov3-tiny": 5.57, "yolov4-tiny": 6.91, "yolov4": 128.46}


@pytest.fixture(params=RECIPES, ids=lambda path: path.stem)
def recipe(request: pytest.FixtureRequest) -> NetworkRecipe:
    path: Path = request.param
    return load_network(path)


def _parameters(recipe: NetworkRecipe) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in Network(recipe.model).parameters())


def test_the_summary_counts_every_parameter(recipe: NetworkRecipe) -> None:
    assert sum(layer.parameters for layer in layers(recipe)) == _parameters(recipe)


@pytest.mark.parametrize("name", WORK)
def test_the_summary_counts_the_work_as_darknet_does(name: str) -> None:
    rows = layers(load_network(FOLDER / f"{name}.toml"))
    assert sum(layer.gflops for layer in rows) == pytest.approx(WORK[name], rel=2e-3)


def _with_branches() -> NetworkRecipe:
    model = ModelRecipe.model_validate(
        {
            "classes": ["a"],
            "activation": "relu",
            "strides": [8, 16, 32, 64],
            "backbone": {"family": "elan", "widths": [8, 16, 16, 16, 16], "conv": "rep"},
            "neck": {"kind": "bifpn", "width": 16},
            "head": {"kind": "distances", "width": 16},
        }
    )
    return NetworkRecipe("parts", model, load_network(RECIPES[0]).input)


def test_branches_count_as_trained_and_work_as_folded() -> None:
    recipe = _with_branches()
    rows = layers(recipe)
    assert sum(row.parameters for row in rows) == _parameters(recipe)
    step = next(row for row in rows if row.name == "backbone.stages.0.1.steps.0")
    assert step.parameters == 8 * 8 * 9 + 8 * 8 + 3 * 2 * 8
    assert step.gflops == pytest.approx(2 * 8 * 8 * 9 * step.shape[1] * step.shape[2] / 1e9)


def test_the_table_ends_with_the_totals() -> None:
    *_, last = table(load_network(FOLDER / "yolov4-tiny.toml")).splitlines()
    assert last.split() == ["total", "6,056,606", "6.908"]


def test_the_outline_accounts_for_everything(recipe: NetworkRecipe) -> None:
    facts = outline(recipe)
    parts = (*facts.backbone, *facts.neck, *facts.head)
    assert sum(stage.parameters for stage in parts) == facts.parameters == _parameters(recipe)
    assert facts.taps == frozenset(recipe.model.strides)
    assert [stage.stride for stage in facts.neck] == recipe.model.strides
    assert [stage.stride for stage in facts.head] == recipe.model.strides


def test_the_outline_says_what_leaves_a_stage() -> None:
    facts = outline(load_network(FOLDER / "road-csp-tiny.toml"))
    shapes = {stage.stride: list(stage.shapes) for stage in facts.backbone}
    assert shapes[8] == [(128, 40, 40)]  # entry and mix
    assert list(facts.head[0].shapes) == [(64, 40, 40), (5, 40, 40)]
    assert facts.backbone[-1].blocks == ["Pool", "Conv", "SPPF"]


def test_a_level_beyond_the_backbone_has_no_tap() -> None:
    facts = outline(_with_branches())
    assert facts.taps == {8, 16, 32}
    assert [stage.stride for stage in facts.neck] == [8, 16, 32, 64]


def test_the_drawing_has_a_box_for_every_stage_inside_its_frame(
    recipe: NetworkRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "net.svg"
    path = FOLDER / f"{recipe.name}.toml"
    monkeypatch.setattr(sys, "argv", ["models", "diagram", str(path), "--out", str(out)])
    main()
    root = ET.fromstring(out.read_text())  # noqa: S314 - our own file
    facts = outline(recipe)
    ground, *boxes = root.findall(f"{SVG}rect")
    assert len(boxes) == 1 + len(facts.backbone) + len(facts.neck) + len(facts.head)
    for box in boxes:
        assert int(box.attrib["x"]) + int(box.attrib["width"]) < int(ground.attrib["width"])
        assert int(box.attrib["y"]) + int(box.attrib["height"]) < int(ground.attrib["height"])
    words = [text.text for text in root.findall(f"{SVG}text")]
    assert f"{facts.neck[0].parameters:,} parameters, {facts.neck[0].gflops:.3f} GFLOPs" in words
    assert {f"P{stride.bit_length() - 1}" for stride in facts.taps} <= set(words)


def test_a_recipe_that_is_not_there_ends_with_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["models", "summary", str(tmp_path / "none.toml")])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert "none.toml" in capsys.readouterr().err
