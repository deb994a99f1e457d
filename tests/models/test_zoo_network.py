"""The zoo's network: shapes, anchors and gradients."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from models.recipe import Recipe, load_recipe  # noqa: E402
from models.zoo.anchors import (  # noqa: E402
    anchor_points,
    boxes_from_distances,
    expected_distances,
)
from models.zoo.blocks.csp_tiny import CspTiny  # noqa: E402
from models.zoo.network import Network  # noqa: E402

RECIPES = sorted((Path(__file__).parents[2] / "models" / "recipes").glob("*.toml"))


@pytest.fixture(params=RECIPES, ids=lambda path: path.stem)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    path: Path = request.param
    return load_recipe(path)


def test_outputs_have_the_contract_shapes(recipe: Recipe) -> None:
    network = Network(recipe.model).eval()
    height, width = recipe.input.height, recipe.input.width
    box_logits, class_logits = network(torch.zeros(1, 3, height, width))
    count = sum((height // s) * (width // s) for s in recipe.model.strides)
    assert box_logits.shape == (1, 4 * recipe.model.reg_max, count)
    assert class_logits.shape == (1, len(recipe.model.classes), count)
    assert box_logits.dtype == class_logits.dtype == torch.float32


def test_taps_have_the_strides_of_their_names(recipe: Recipe) -> None:
    network = Network(recipe.model).eval()
    taps = network.backbone(torch.zeros(1, 3, 64, 96))
    for name, stride in zip(("P3", "P4", "P5"), recipe.model.strides, strict=True):
        assert taps[name].shape[2:] == (64 // stride, 96 // stride)
        assert taps[name].shape[1] == network.backbone.tap_widths[name]


def test_gradients_reach_every_parameter(recipe: Recipe) -> None:
    network = Network(recipe.model).train()
    box_logits, class_logits = network(torch.rand(2, 3, 64, 64))
    (box_logits.square().sum() + class_logits.square().sum()).backward()
    dead = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert dead == []


def test_folding_keeps_what_the_network_computes(recipe: Recipe) -> None:
    network = Network(recipe.model).train()
    for _ in range(3):
        network(torch.rand(4, 3, 64, 64))
    network.eval()
    picture = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        before = network(picture)
        after = network.fold()(picture)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())
    for old, new in zip(before, after, strict=True):
        torch.testing.assert_close(new, old, atol=1e-4, rtol=1e-4)


def test_csp_block_keeps_its_entry_beside_the_mix() -> None:
    block = CspTiny(8).eval()
    x = torch.rand(1, 8, 6, 6)
    out = block(x)
    assert out.shape == (1, 16, 6, 6)
    torch.testing.assert_close(out[:, :8], block.entry(x))


def test_csp_block_detours_the_second_half() -> None:
    block = CspTiny(8).eval()
    seen = []
    block.first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x = torch.rand(1, 8, 6, 6)
    block(x)
    torch.testing.assert_close(seen[0], block.entry(x)[:, 4:])


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
