"""How far a run is, its learning rate, and its saved state."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from models.recipe import load_recipe  # noqa: E402
from models.training import checkpoint  # noqa: E402
from models.training.ema import Ema  # noqa: E402
from models.training.schedule import Budget, learning_rate  # noqa: E402

RECIPE = load_recipe(Path(__file__).parents[2] / "models" / "recipes" / "road-csp-tiny.toml")


def test_the_rate_warms_up_and_ends_at_its_floor() -> None:
    train = RECIPE.train
    top = train.learning_rate
    assert learning_rate(train, 0.0) < 0.02 * top
    assert learning_rate(train, train.warm_up) == pytest.approx(top)
    assert learning_rate(train, 1.0) == pytest.approx(top * train.final_learning_rate)


def test_sizes_and_mosaic_follow_the_progress() -> None:
    train = RECIPE.train
    assert train.size_at(0.0) == train.sizes[0][1]
    assert train.size_at(1.0) == train.sizes[-1][1] == RECIPE.input.width
    assert train.mosaic_at(0.0) > 0
    assert train.mosaic_at(1.0) == 0


def test_epochs_count_images() -> None:
    budget = Budget(epochs=4)
    assert budget.progress(200, 100) == pytest.approx(0.5)
    assert budget.progress(100, 100) == pytest.approx(0.5), "progress never falls"
    assert budget.progress(900, 100) == 1


def test_a_suspended_step_does_not_eat_the_minutes() -> None:
    budget = Budget(minutes=1)
    budget.count(600.0, median_s=1.0)
    assert budget.progress(0, 1) == pytest.approx(0.05)


def test_a_deadline_is_wall_clock() -> None:
    now = time.time()
    budget = Budget(deadline=now + 50, started=now - 50)
    assert budget.progress(0, 1) == pytest.approx(0.5, abs=0.02)


def test_the_average_follows_and_counts_batches() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1), torch.nn.BatchNorm2d(1))
    ema = Ema(network, 0.5)
    averaged = ema.network.state_dict()
    with torch.no_grad():
        network[0].weight.fill_(3.0)
        network[1].num_batches_tracked.fill_(7)
    for _ in range(50):
        ema.update(network)
    assert averaged["0.weight"].item() == pytest.approx(3.0, abs=1e-3)
    assert averaged["1.num_batches_tracked"].item() == 7


def test_a_state_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    for epoch in (1, 2):
        checkpoint.save(path, {"ema": {"w": torch.ones(2)}, "epoch": epoch})
    assert checkpoint.load(path)["epoch"] == 2
    assert checkpoint.weights(path)["w"].tolist() == [1, 1]
    assert [file.name for file in tmp_path.iterdir()] == ["last.pt"]
