"""Checkpoints that exist must go on loading, and mean what they meant."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from models.recipe import load_recipe  # noqa: E402
from models.zoo.network import Network  # noqa: E402

RECIPES = Path(__file__).parents[2] / "models" / "recipes"

KEYS = {
    "road-csp-tiny": "7b7559bd8bd42061cb4844a37fc78fac642d65eb40176d7cf09ae6e4f9b77329",
    "road-c2f-n": "b8e44de90d99e450da3592d34c804f84753eb9f2bc9b65a5c16adc96ef018cb6",
    "road-c3k2-n": "b65731feab78e05007ccb13900c37b9b9c7fcaf641dae404a4572b9f0dfcef8e",
}
"""SHA-256 of the lines "name shape", in order: an optimizer's state goes by the order."""

ANSWERS = {
    "road-csp-tiny": (0.137362, 0.112272, 0.219981, 0.0579573),
    "road-c2f-n": (0.13795, 0.144389, 0.174836, 0.224612),
    "road-c3k2-n": (0.131905, 0.139732, 0.0709556, 0.107037),
}
"""Mean magnitude of both outputs, and one value of each, for the weights of `_fill`."""


def _fill(network: Network) -> None:
    """Give every weight and statistic a value that depends on its name and place alone."""
    for number, (name, value) in enumerate(network.state_dict().items()):
        if not value.dtype.is_floating_point:
            continue
        wave = torch.sin(torch.arange(value.numel(), dtype=torch.float64) * 0.37 + number)
        if name.endswith(("running_var", "norm.weight")):
            wave = 1 + 0.3 * wave
        elif value.ndim == 4:
            wave *= value[0].numel() ** -0.5
        else:
            wave *= 0.1
        value.copy_(wave.reshape(value.shape))


@pytest.mark.parametrize("name", KEYS)
def test_weights_keep_their_names_shapes_and_order(name: str) -> None:
    network = Network(load_recipe(RECIPES / f"{name}.toml").model)
    lines = [f"{key} {tuple(value.shape)}" for key, value in network.state_dict().items()]
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == KEYS[name]


@pytest.mark.parametrize("name", KEYS)
def test_the_same_weights_give_the_same_answers(name: str) -> None:
    torch.set_num_threads(1)
    network = Network(load_recipe(RECIPES / f"{name}.toml").model).eval()
    _fill(network)
    picture = 0.5 + 0.5 * torch.sin(torch.arange(3 * 64 * 96, dtype=torch.float64) * 0.011)
    with torch.no_grad():
        outputs = network(picture.float().reshape(1, 3, 64, 96))
    found = [x.abs().mean().item() for x in outputs] + [x[0, 3, 100].item() for x in outputs]
    assert found == pytest.approx(ANSWERS[name], rel=1e-3)
