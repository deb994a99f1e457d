"""The zoo's networks, recipe by recipe: shapes, gradients, folding, and the anchors' geometry."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from models.recipe import NetworkRecipe, load_network, load_recipe  # noqa: E402
from models.zoo.anchors import (  # noqa: E402
    anchor_points,
    boxes_from_distances,
    expected_distances,
)
from models.zoo.network import Network  # noqa: E402

FOLDER = Path(__file__).parents[2] / "models" / "recipes"
RECIPES = sorted(FOLDER.glob("*.toml"))


@pytest.fixture(params=RECIPES, ids=lambda path: path.stem)
def recipe(request: pytest.FixtureRequest) -> NetworkRecipe:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    path: Path = request.param
    return load_network(path)


def _shapes(recipe: NetworkRecipe, height: int, width: int) -> dict[str, tuple[int, ...]]:
    """What each output should be like."""
    model, classes = recipe.model, len(recipe.model.classes)
    if model.head.kind == "anchor-grid":
        return {
            f"grid{stride}": (1, len(anchors) * (5 + classes), height // stride, width // stride)
            for stride, anchors in zip(model.strides, model.head.anchors, strict=True)
        }
    count = sum((height // stride) * (width // stride) for stride in model.strides)
    return {"box_logits": (1, 4 * model.reg_max, count), "class_logits": (1, classes, count)}


def test_outputs_have_the_contract_shapes(recipe: NetworkRecipe) -> None:
    with torch.device("meta"):
        network = Network(recipe.model).eval()
    for height, width in ((320, 320), (416, 416), (640, 640), (64, 96)):
        outputs = network(torch.empty(1, 3, height, width, device="meta"))
        found = {name: x.shape for name, x in zip(network.output_names, outputs, strict=True)}
        assert found == _shapes(recipe, height, width)
        assert {x.dtype for x in outputs} == {torch.float32}


def test_gradients_reach_every_parameter(recipe: NetworkRecipe) -> None:
    network = Network(recipe.model).train()
    sum(x.square().sum() for x in network(torch.rand(2, 3, 64, 64))).backward()
    dead = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert dead == []


def test_folding_keeps_what_the_network_computes(recipe: NetworkRecipe) -> None:
    network = Network(recipe.model).train()
    with torch.no_grad():
        for _ in range(2):
            network(torch.rand(4, 3, 64, 64))
    network.eval()
    picture = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        before = network(picture)
        after = network.fold()(picture)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())
    for old, new in zip(before, after, strict=True):
        torch.testing.assert_close(new, old, atol=1e-4 * max(1.0, float(old.abs().max())), rtol=0)


def test_batch_norms_have_the_recipe_s_eps(recipe: NetworkRecipe) -> None:
    with torch.device("meta"):
        network = Network(recipe.model)
    found = {m.eps for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)}
    assert found == {1e-5 if recipe.name.startswith("yolo") else 1e-3}


def test_road_darknet_tiny_is_small_enough_to_train_on_a_cpu() -> None:
    network = Network(load_recipe(FOLDER / "road-darknet-tiny.toml").model)
    assert 2_000_000 < sum(p.numel() for p in network.parameters()) < 3_000_000


def test_first_scores_expect_few_objects() -> None:
    torch.manual_seed(0)
    network = Network(load_network(FOLDER / "road-darknet-tiny.toml").model).eval()
    with torch.no_grad():
        _, class_logits = network(torch.rand(1, 3, 320, 320))
    expected = 5 / 5 / (640 / 32) ** 2  # objects a picture, classes, cells at stride 32
    assert float(class_logits[..., -100:].sigmoid().mean()) == pytest.approx(expected, rel=0.5)
    assert math.isfinite(float(class_logits.max()))


def test_anchors_lie_level_after_level_row_by_row() -> None:
    points, units = anchor_points(64, 96, [8, 16, 32])
    assert points.shape == (8 * 12 + 4 * 6 + 2 * 3, 2)
    assert points[0].tolist() == [4, 4]
    assert points[1].tolist() == [12, 4]
    assert points[12].tolist() == [4, 12]
    assert points[96].tolist() == [8, 8]
    assert points[-1].tolist() == [80, 48]
    assert sorted(set(units.tolist())) == [8, 16, 32]


def test_distances_are_expectations_in_strides() -> None:
    logits = torch.full((4, 16), -50.0)
    for side, bin_ in enumerate((1, 2, 3, 4)):
        logits[side, bin_] = 50.0
    logits[3, 5] = 50.0
    distances = expected_distances(logits.flatten()[None], 16)
    torch.testing.assert_close(distances, torch.tensor([[1.0, 2.0, 3.0, 4.5]]))
    boxes = boxes_from_distances(distances, torch.tensor([[40.0, 40.0]]), torch.tensor([8.0]))
    torch.testing.assert_close(boxes, torch.tensor([[32.0, 24.0, 64.0, 76.0]]))
