"""Recipe files: what they may say, and what is said about those that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from models.recipe import load_network, load_recipe

FOLDER = Path(__file__).parents[2] / "models" / "recipes"
RECIPES = sorted(FOLDER.glob("*.toml"))


@pytest.fixture
def text() -> str:
    return (FOLDER / "road-csp-tiny.toml").read_text()


def _write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_says_what_it_needs_to(path: Path) -> None:
    network = load_network(path)
    assert network.name == path.stem
    if path.stem.startswith("road-"):
        recipe = load_recipe(path)
        assert recipe.model == network.model
        assert recipe.model.reg_max == 16
        assert sum(recipe.train.origin_weights.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("width = 64\n", "width = 64\ndepth = 2\n", r"\[model\] neck.pan.depth: Extra inputs"),
        ("reg_max = 16", 'reg_max = "many"', r"\[model\] head.dfl.reg_max: .* valid integer"),
        ('family = "csp-tiny"', 'family = "vgg"', r"\[model\] backbone: .*'csp-tiny'"),
        ('"silu"', '"gelu"', r"\[model\] activation: .*'silu'"),
        ("pad = 114", "pad = 300", r"\[input\] pad"),
        ("seed = 0", "sed = 0", r"\[train\] seed: Field required; \[train\] sed: Extra"),
        ("[input]", "[picture]", r"\['picture'\] is not a section of a recipe"),
        ("width = 320", "width = 330", "sides of .330. px: expected multiples of .* 32"),
        ("[0.3, 256]", "[0.3, 250]", "sides of .250. px: expected multiples of .* 32"),
    ],
)
def test_a_wrong_recipe_is_refused_by_file_section_and_key(
    text: str, tmp_path: Path, old: str, new: str, match: str
) -> None:
    assert old in text
    with pytest.raises(ValueError, match=match) as caught:
        load_recipe(_write(tmp_path, text.replace(old, new)))
    assert "mine.toml" in str(caught.value)


def test_a_recipe_without_training_cannot_train(text: str, tmp_path: Path) -> None:
    path = _write(tmp_path, text[: text.index("[train]")])
    assert load_network(path).name == "mine"
    with pytest.raises(ValueError, match=r"mine.toml has no \[train\]"):
        load_recipe(path)


def test_only_a_dfl_head_has_bins(text: str, tmp_path: Path) -> None:
    other = text.replace('kind = "dfl"', 'kind = "distances"').replace("reg_max = 16\n", "")
    with pytest.raises(ValueError, match="'distances' has no bins"):
        _ = load_recipe(_write(tmp_path, other)).model.reg_max
