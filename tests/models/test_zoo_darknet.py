"""YOLOv3-tiny, YOLOv4-tiny and YOLOv4: counts, weights files, and equality with their cfg files."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from edgeserve.tooling.darknet import onnx_model, read_network  # noqa: E402
from models.recipe import load_network  # noqa: E402
from models.zoo.darknet_weights import count_numbers, read_weights, write_weights  # noqa: E402
from models.zoo.network import Network  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

RECIPES = Path(__file__).parents[2] / "models" / "recipes"
COUNTS = {
    "yolov3-tiny": (8_852_366, 8_858_734),
    "yolov4-tiny": (6_056_606, 6_062_814),
    "yolov4": (64_363_101, 64_429_405),
}
HEADER = struct.pack("<3iq", 0, 2, 5, 0)
ACTIVATIONS = {
    "leaky": lambda x: torch.where(x > 0, x, 0.1 * x),
    "mish": lambda x: x * torch.tanh(functional.softplus(x)),
    "linear": lambda x: x,
}


def _network(name: str, device: str = "cpu") -> Network:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with torch.device(device):
        return Network(load_network(RECIPES / f"{name}.toml").model).eval()


def _live_in(network: Network) -> None:
    """Give batch norms statistics and weights that are not their first ones."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.2, 2.0)


def _cfg(name: str) -> str:
    path = Path(os.environ.get("EDGESERVE_DATA", "../shared/data")) / "darknet" / f"{name}.cfg"
    if not path.is_file():
        pytest.skip(f"{path} is not there: set EDGESERVE_DATA")
    return path.read_text()


def _sections(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    for block in "\n".join(line for line in lines if line).split("[")[1:]:
        name, *pairs = block.split("\n")
        split = (pair.partition("=") for pair in pairs if pair)
        yield name.strip(" ]"), {key.strip(): value.strip() for key, _, value in split}


def _walk(text: str, numbers: Tensor, picture: Tensor) -> list[Tensor]:
    """What reaches the [yolo] sections, computed straight from the cfg's text."""
    maps: list[Tensor] = []
    heads: list[Tensor] = []
    x, start = picture, 0

    def take(*shape: int) -> Tensor:
        nonlocal start
        count = int(np.prod(shape))
        start += count
        return numbers[start - count : start].reshape(shape)

    for kind, keys in list(_sections(text))[1:]:
        if kind == "convolutional":
            filters, size = int(keys["filters"]), int(keys["size"])
            bias = take(filters)
            norm = [take(filters) for _ in range(3)] if "batch_normalize" in keys else []
            kernel = take(filters, x.shape[1], size, size)
            x = functional.conv2d(x, kernel, stride=int(keys["stride"]), padding=size // 2)
            if norm:
                gain, mean, variance = (value[:, None, None] for value in norm)
                x = gain * (x - mean) / torch.sqrt(variance + 1e-5)
            x = ACTIVATIONS[keys["activation"]](x + bias[:, None, None])
        elif kind == "maxpool":
            size = int(keys["size"])
            left, right = (size - 1) // 2, size - 1 - (size - 1) // 2
            padded = functional.pad(x, [left, right, left, right], value=float("-inf"))
            x = functional.max_pool2d(padded, size, int(keys["stride"]))
        elif kind == "upsample":
            x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        elif kind == "shortcut":
            x = x + maps[len(maps) + int(keys["from"])]
        elif kind == "route":
            wanted = [int(layer) for layer in keys["layers"].split(",")]
            x = torch.cat([maps[len(maps) + n if n < 0 else n] for n in wanted], dim=1)
            x = x.chunk(int(keys.get("groups", 1)), dim=1)[int(keys.get("group_id", 0))]
        else:
            assert kind == "yolo"
            heads.append(x)
        maps.append(x)
    assert start == numbers.numel()
    return heads


@pytest.mark.parametrize("name", COUNTS)
def test_the_original_networks_have_their_counts(name: str) -> None:
    network = _network(name, "meta")
    learnable, stored = COUNTS[name]
    assert sum(p.numel() for p in network.parameters()) == learnable
    assert count_numbers(network) == stored


@pytest.mark.parametrize("name", COUNTS)
def test_a_weights_file_means_what_the_cfg_says(name: str, tmp_path: Path) -> None:
    text = _cfg(name)
    source = _network(name)
    _live_in(source)
    path = tmp_path / "net.weights"
    write_weights(source, path)
    del source

    network = _network(name)
    read_weights(network, path)
    numbers = torch.from_numpy(np.fromfile(path, dtype="<f4", offset=len(HEADER)))
    assert numbers.numel() == COUNTS[name][1]
    # Large enough that the pools of 5, 9 and 13 cells see different things.
    picture = torch.rand(1, 3, 192, 224)
    with torch.no_grad():
        expected = _walk(text, numbers, picture)
        found = network(picture)
    expected.sort(key=lambda x: -x.shape[2])  # the zoo's order: finest first
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape
        assert (ours - theirs).abs().max() < 1e-4 * theirs.abs().max()


@pytest.mark.parametrize(
    "name", ["yolov3-tiny", "yolov4-tiny", pytest.param("yolov4", marks=pytest.mark.long)]
)
def test_an_imported_cfg_computes_what_the_zoo_does(name: str, tmp_path: Path) -> None:
    text = _cfg(name)
    network = _network(name)
    _live_in(network)
    weights, cfg = tmp_path / "net.weights", tmp_path / "net.cfg"
    write_weights(network, weights)
    for side in ("width", "height"):
        text = re.sub(rf"(?m)^{side} *= *\d+", f"{side}=96", text)
    cfg.write_text(text)
    imported = read_network(cfg)
    session = onnxruntime.InferenceSession(
        onnx_model(imported, weights).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    picture = torch.rand(1, 3, 96, 96)
    with torch.no_grad():
        expected = network(picture)
    found = session.run(None, {"images": picture.numpy()})
    found.sort(key=lambda x: -x.shape[2])  # the zoo's order: finest first
    for ours, theirs in zip(expected, found, strict=True):
        assert np.abs(ours.numpy() - theirs).max() < 1e-4 * np.abs(theirs).max()


@pytest.mark.parametrize("name", COUNTS)
def test_a_recipe_has_the_anchors_and_the_size_of_its_cfg(name: str) -> None:
    (_, net), *sections = _sections(_cfg(name))
    recipe = load_network(RECIPES / f"{name}.toml")
    heads = []
    for _, keys in (one for one in sections if one[0] == "yolo"):
        sides = [float(side) for side in keys["anchors"].split(",")]
        anchors = [sides[2 * int(n) : 2 * int(n) + 2] for n in keys["mask"].split(",")]
        heads.append((anchors, float(keys.get("scale_x_y", 1))))
        assert int(keys["classes"]) == len(recipe.model.classes)
    heads.sort()  # from small anchors to large
    assert recipe.model.head.kind == "anchor-grid"
    assert recipe.model.head.anchors == [anchors for anchors, _ in heads]
    assert recipe.model.head.scale_xy == [scale for _, scale in heads]
    assert (recipe.input.width, recipe.input.height) == (int(net["width"]), int(net["height"]))


def test_a_file_comes_back_as_it_was(tmp_path: Path) -> None:
    first, second = tmp_path / "first.weights", tmp_path / "second.weights"
    network = _network("yolov4-tiny")
    _live_in(network)
    write_weights(network, first)
    other = _network("yolov4-tiny")
    read_weights(other, first)
    write_weights(other, second)
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes().startswith(HEADER)


def test_an_old_header_counts_pictures_in_32_bits(tmp_path: Path) -> None:
    path = tmp_path / "old.weights"
    network = _network("yolov3-tiny")
    write_weights(network, path)
    path.write_bytes(struct.pack("<3ii", 0, 1, 0, 0) + path.read_bytes()[len(HEADER) :])
    other = _network("yolov3-tiny")
    nn.init.zeros_(other.get_parameter("head.levels.0.1.weight"))
    read_weights(other, path)
    for mine, theirs in zip(other.parameters(), network.parameters(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize(
    ("cut", "match"),
    [(-4, "takes 8,858,734"), (-3, "inside a number"), (8, "holds 8 bytes")],
)
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, cut: int, match: str) -> None:
    path = tmp_path / "net.weights"
    network = _network("yolov3-tiny")
    write_weights(network, path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match=match):
        read_weights(network, path)


def test_a_network_that_darknet_does_not_know_is_refused(tmp_path: Path) -> None:
    network = _network("road-darknet-tiny", "meta")
    with pytest.raises(ValueError, match="not one of Darknet's"):
        write_weights(network, tmp_path / "net.weights")


def test_a_folded_network_is_refused(tmp_path: Path) -> None:
    network = _network("yolov3-tiny").fold()
    with pytest.raises(ValueError, match="folded"):
        write_weights(network, tmp_path / "net.weights")
