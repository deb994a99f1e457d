"""Each kind of layer: the ONNX model against the plain reading of the cfg."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest

from edgeserve.tooling.darknet import onnx_model, read_network
from tests.tooling.darknet.mini import FIRST, LAST, NET, write
from tests.tooling.darknet.plain_reading import Invented, head_maps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.tooling.darknet.plain_reading import Map

ACTIVATIONS = (
    "linear leaky relu relu6 mish hard_mish swish silu logistic hard_swish hswish tanh elu selu "
    "relie ramp loggy hardtan"
)
SECOND = "[convolutional]\nfilters=4\nsize=3\npad=1\nactivation=mish\n"
BARE = "[convolutional]\nfilters=6\nsize={}\nactivation=linear"
"""Without padding: gives back what the padding before it added."""
CONVOLUTIONS = {
    "size 1": "filters=6\nactivation=linear",
    "padding": f"filters=6\nsize=3\npadding=2\nactivation=linear\n{BARE.format(3)}",
    "pad beats padding": "filters=6\nsize=3\npad=1\npadding=2\nactivation=linear",
    "even size": f"filters=6\nsize=2\npad=1\nactivation=linear\n{BARE.format(2)}",
    "size 5 stride 2": "filters=6\nsize=5\nstride=2\npad=1\nactivation=linear",
    "groups": "filters=12\nsize=3\npad=1\ngroups=4\nactivation=linear",
    "depthwise": "filters=8\nsize=3\npad=1\ngroups=8\nbatch_normalize=1\nactivation=relu",
    "dilation": "filters=6\nsize=3\npad=1\ndilation=2\nactivation=linear",
    "batch norm": "filters=6\nsize=3\npad=1\nbatch_normalize=1\nactivation=linear",
    "spaces and remarks": "  filters = 6 # six\n; remark\n#remark\n\nactivation = linear",
}
LAYERS = {
    "maxpool 2/2": "[maxpool]\nsize=2\nstride=2",
    "maxpool 2/1 pads right and bottom": "[maxpool]\nsize=2\nstride=1",
    "maxpool 5/1": "[maxpool]\nsize=5\nstride=1",
    "maxpool without padding": "[maxpool]\nsize=2\nstride=2\npadding=0",
    "maxpool with much padding": "[maxpool]\nsize=3\nstride=1\npadding=2",
    "upsample": "[upsample]\nstride=2",
    "upsample with scale": "[upsample]\nstride=2\nscale=0.5",
    "route back": f"{SECOND}[route]\nlayers=-2",
    "route several": f"{SECOND}[route]\nlayers=-1, 0,-2",
    "route a group": "[route]\nlayers=-1\ngroups=2\ngroup_id=1",
    "route the first group": "[route]\nlayers=0\ngroups=4\ngroup_id=0",
    "route groups of several": f"{SECOND}[route]\nlayers=-1,-2\ngroups=2\ngroup_id=1",
    "shortcut": f"{FIRST.replace('stride=2', 'stride=1')}[shortcut]\nfrom=-2",
    "shortcut of several": (
        f"{FIRST.replace('stride=2', 'stride=1') * 2}[shortcut]\nfrom=-2,-3\nactivation=mish"
    ),
    "shortcut to fewer channels": f"{SECOND}[shortcut]\nfrom=0\nactivation=leaky",
    "shortcut to more channels": f"{SECOND}[route]\nlayers=0\n[shortcut]\nfrom=-2",
    "sam": f"{FIRST.replace('stride=2', 'stride=1')}[sam]\nfrom=-2\nactivation=relu",
    "scale_channels": (
        "[avgpool]\n[convolutional]\nfilters=8\nactivation=logistic\n"
        "[scale_channels]\nfrom=0\nactivation=swish"
    ),
    "scale_channels by pixel": (
        "[convolutional]\nfilters=1\nactivation=logistic\n[scale_channels]\nfrom=0\nscale_wh=1"
    ),
    "reorg": "[reorg]\nstride=2",
    "reorg3d": "[reorg3d]\nstride=2",
    "dropout": f"{SECOND}[dropout]\nprobability=.5\n[route]\nlayers=-1,-2",
}


def run(cfg: Path, weights: Path, picture: Map) -> list[NDArray[np.float32]]:
    """The head's maps by ONNX Runtime, (channels, rows, columns) each."""
    model = onnx_model(read_network(cfg), weights).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    outputs = session.run(None, {"images": picture[None].astype(np.float32)})
    return [np.asarray(output)[0] for output in outputs]


def check_equal(got: Sequence[NDArray[np.floating]], expected: list[Map]) -> None:
    assert len(got) == len(expected)
    for mine, wanted in zip(got, expected, strict=True):
        assert mine.shape == wanted.shape
        assert np.abs(mine - wanted).max() <= 1e-4 * np.abs(wanted).max()


@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_convolutions(kind: str, tmp_path: Path) -> None:
    text = f"{NET}{FIRST}[convolutional]\n{CONVOLUTIONS[kind]}\n{LAST}"
    cfg, weights, picture, expected = write(tmp_path, text)
    check_equal(run(cfg, weights, picture), expected)


@pytest.mark.parametrize("activation", ACTIVATIONS.split())
def test_activations(activation: str, tmp_path: Path) -> None:
    # A wide range of inputs: without batch norm, and with weights of one picture after another.
    text = NET + FIRST + SECOND.replace("mish", "linear") * 3 + SECOND.replace("mish", activation)
    cfg, weights, picture, expected = write(tmp_path, text + LAST)
    check_equal(run(cfg, weights, picture), expected)


@pytest.mark.parametrize("kind", LAYERS)
def test_layers(kind: str, tmp_path: Path) -> None:
    cfg, weights, picture, expected = write(tmp_path, f"{NET}{FIRST}{LAYERS[kind]}\n{LAST}")
    check_equal(run(cfg, weights, picture), expected)


def test_avgpool(tmp_path: Path) -> None:
    net = NET.replace("width=32", "width=16")
    cfg, weights, picture, expected = write(tmp_path, f"{net}{FIRST}[avgpool]\n{LAST}")
    check_equal(run(cfg, weights, picture), expected)


def test_strides_that_differ(tmp_path: Path) -> None:
    thin = "[convolutional]\nfilters=8\nsize=3\npad=1\nstride_x=2\nstride_y=1\nactivation=linear\n"
    back = thin.replace("stride_x=2\nstride_y=1", "stride=4\nstride_x=1\nstride_y=2")
    cfg, weights, picture, expected = write(tmp_path, NET + FIRST + thin + back + LAST)
    check_equal(run(cfg, weights, picture), expected)


def test_several_heads_are_outputs_in_the_order_of_the_cfg(tmp_path: Path) -> None:
    text = NET + FIRST + LAST + "[route]\nlayers=0\n[maxpool]\nsize=2\nstride=2\n" + LAST
    cfg, weights, picture, expected = write(tmp_path, text)
    check_equal(run(cfg, weights, picture), expected)
    assert [head.stride for head in read_network(cfg).heads] == [2, 4]


def test_new_coords_hand_over_what_the_sigmoid_has_not_touched(tmp_path: Path) -> None:
    text = NET + FIRST + LAST.replace("linear", "logistic") + "new_coords=1\n"
    cfg, weights, picture, expected = write(tmp_path, text)
    raw = run(cfg, weights, picture)
    check_equal([1 / (1 + np.exp(-one)) for one in raw], expected)
    assert read_network(cfg).heads[0].box_sizes == "square"


@pytest.mark.parametrize("version", [(0, 1), (0, 2), (0, 5), (1, 0)])
def test_the_count_of_pictures_is_4_bytes_before_version_0_2_and_8_since(
    version: tuple[int, int], tmp_path: Path
) -> None:
    cfg, weights, picture, expected = write(tmp_path, NET + FIRST + LAST, version=version)
    check_equal(run(cfg, weights, picture), expected)


@pytest.mark.long
@pytest.mark.parametrize("name", ["yolov3-tiny", "yolov4-tiny", "yolov4-tiny-3l"])
def test_public_networks_with_random_weights(name: str, data_dir: Path, tmp_path: Path) -> None:
    text = (data_dir / "darknet" / f"{name}.cfg").read_text(encoding="utf-8")
    text = text.replace("width=416", "width=96").replace("height=416", "height=96")
    text = text.replace("width=608", "width=96").replace("height=608", "height=96")
    picture = np.random.default_rng(0).random((3, 96, 96))
    numbers = Invented(0, largest_weight=0.05)
    expected = head_maps(text, picture, numbers)
    cfg, weights = tmp_path / "small.cfg", tmp_path / "small.weights"
    cfg.write_text(text, encoding="utf-8")
    weights.write_bytes(numbers.file())
    check_equal(run(cfg, weights, picture), expected)
