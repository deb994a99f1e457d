"""What a cfg says by itself: shapes, counts, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.darknet import read_network
from tests.tooling.darknet.mini import FIRST, LAST, NET

if TYPE_CHECKING:
    from pathlib import Path


def cfg_file(folder: Path, text: str) -> Path:
    path = folder / "mini.cfg"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        read_network(cfg_file(folder, text))
    said = str(refused.value)
    assert "\n" not in said
    return said


@pytest.mark.parametrize(
    ("name", "learnable", "stored"),
    [
        ("yolov3-tiny", 8_852_366, 8_858_734),
        ("yolov4-tiny", 6_056_606, 6_062_814),
        ("yolov4", 64_363_101, 64_429_405),
    ],
)
def test_counts_what_is_known_of_public_networks(
    name: str, learnable: int, stored: int, data_dir: Path
) -> None:
    network = read_network(data_dir / "darknet" / f"{name}.cfg")
    assert (network.learnable_parameters, network.stored_floats) == (learnable, stored)


def test_a_small_network_is_counted_by_hand(tmp_path: Path) -> None:
    network = read_network(cfg_file(tmp_path, NET + FIRST + LAST))
    kernels = 8 * 3 * 9 + 14 * 8
    assert network.learnable_parameters == kernels + 2 * 8 + 14
    assert network.stored_floats == kernels + 4 * 8 + 14
    assert [str(layer.shape) for layer in network.layers] == ["8x8x16", "14x8x16", "14x8x16"]


def test_a_head_says_its_anchors_in_pixels(tmp_path: Path) -> None:
    (head,) = read_network(cfg_file(tmp_path, NET + FIRST + LAST)).heads
    assert (head.stride, head.classes) == (2, 2)
    assert head.anchors_px == ((4, 5), (6, 7))
    region = LAST.replace("[yolo]\nmask=1,2", "[region]").replace("6,7", "6.5, 7")
    region = region.replace("filters=14", "filters=21")
    (head,) = read_network(cfg_file(tmp_path, NET + FIRST + region + "softmax=1\n")).heads
    assert (head.layout, head.class_scores) == ("region", "softmax")
    assert head.anchors_px == ((4, 6), (8, 10), (13, 14))


@pytest.mark.parametrize("written", ["# first\n[net]", "\ufeff[network]", "; first\r\n[net]"])
def test_ways_to_begin_a_file(written: str, tmp_path: Path) -> None:
    assert read_network(cfg_file(tmp_path, (NET + FIRST + LAST).replace("[net]", written))).heads


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("[net]\n", "", 1, "batch stands before the first section, [net]"),
        ("width=32", "width=32x", 3, "[net]: width is '32x', expected a whole number from 1 to"),
        ("width=32", "width=", 3, "width is '', expected a whole number"),
        ("width=32", "width=1_0", 3, "width is '1_0'"),
        ("width=32", "width=٣٢", 3, "width is '٣٢'"),
        ("width=32", "width=99999999999999999999", 3, "width is '99999999999999999999'"),
        ("width=32", "width=-32", 3, "width is '-32'"),
        ("width=32", "width=100000", 3, "expected a whole number from 1 to 8192"),
        ("width=32\n", "", 1, "[net]: width is missing, expected a whole number from 1"),
        ("channels=3", "channels=1", 5, "channels is '1'"),
        ("channels=3", "colours=3", 5, "key 'colours' is unknown and may change"),
        ("size=3", "size 3", 10, "size3 is neither [section] nor key=value"),
        ("size=3", "size=3\nsize=5", 11, "size is '3' on line 10 and '5' here"),
        ("size=3", "size=0", 10, "layer 0 [convolutional]: size is '0'"),
        (
            "size=3\nstride=2\npad=1",
            "size=41\nstride=2",
            7,
            "its output would be 8x-12x-4: the map",
        ),
        ("filters=8", "filters=4000000", 9, "filters is '4000000'"),
        ("filters=8", "filters=8\nflipped=1", 10, "flipped=1 is not supported, only flipped=0 is"),
        ("filters=8", "filters=8\ngroups=2", 10, "groups=2 does not divide 3 channels into 8"),
        ("size=3", "size=4\ndilation=2", 11, "dilation=2 is only supported with an odd size"),
        ("activation=leaky", "activation=stair", 13, "activation 'stair' is unknown; expected one"),
        ("[yolo]", "[Gaussian_yolo]", 22, "layer 2 [Gaussian_yolo]: sections of this kind"),
        ("[yolo]", "[yolo", 22, "[yolo is no section"),
        ("mask=1,2", "mask=1,3", 23, "mask names anchor 3 of 3"),
        ("mask=1,2", "mask=1", 22, "has 14 channels; 1 boxes a cell and 2 classes need filters=7"),
        ("mask=1,2", "mask=1,b", 23, "mask holds 'b', expected whole numbers"),
        ("6,7", "6", 24, "anchors holds 5 numbers, expected 6"),
        ("6,7", "6, 0", 24, "anchors holds 0, expected sizes over 0"),
        ("6,7", "6, nan", 24, "anchors holds 'nan', expected a number"),
        ("6,7", "6, 1e999", 24, "anchors holds '1e999', expected a number"),
        ("classes=2", "classes=3", 22, "need filters=16"),
        ("classes=2", "classes=2\nnew_coords=1", 27, "needs a [convolutional] with activation=log"),
        ("classes=2", "classes=2\nscale_x_y=0", 27, "scale_x_y is 0, expected a number from 1"),
        ("classes=2", "classes=2\nnms_kind=best", 27, "nms_kind 'best' is unknown"),
        ("classes=2", "classes=2\nmap=coco.map", 27, "map is not supported"),
        ("classes=2", "classes=2\nwhat=1", 27, "layer 2 [yolo]: key 'what' is unknown"),
        ("classes=2", "classes=2\n[maxpool]", 27, "layer 3 [maxpool]: it reads layer 2 [yolo]"),
        ("[yolo]", "[route]\nlayers=-3\n[yolo]", 23, "names layer -3, but there are only layers"),
        ("[yolo]", "[route]\nlayers=2\n[yolo]", 23, "names layer 2, but there are only layers 0 t"),
        ("[yolo]", "[route]\nlayers=\n[yolo]", 23, "layers is missing"),
        ("[yolo]", "[route]\nlayers=0\ngroups=3\n[yolo]", 24, "groups=3 does not divide the 8"),
        ("[yolo]", "[shortcut]\n[yolo]", 22, "from is missing"),
        ("[yolo]", "[shortcut]\nfrom=0\nweights_type=per_layer\n[yolo]", 24, "weights_type=per"),
        ("[yolo]", "[maxpool]\nstride=2\n[shortcut]\nfrom=0\n[yolo]", 25, "sizes differ"),
        ("[yolo]", "[maxpool]\nstride=2\n[route]\nlayers=0,-1\n[yolo]", 25, "sizes differ"),
        ("[yolo]", "[sam]\nfrom=0\n[yolo]", 23, "shapes differ"),
        ("[yolo]", "[sam]\nfrom=0,1\n[yolo]", 23, "from names 2 layers, expected one"),
        ("[yolo]", "[scale_channels]\nfrom=0\n[yolo]", 23, "the map before it should be 8x1x1"),
        ("[yolo]", "[reorg]\nstride=2\n[yolo]", 23, "stride=2 does not divide the map before it"),
        ("[yolo]", "[upsample]\nstride=-2\n[yolo]", 23, "stride is '-2'"),
        ("[yolo]", "[maxpool]\nsize=3\npadding=0\n[yolo]", 25, "does not divide the picture"),
        ("[yolo]", "[upsample]\nstride=64\n" * 4 + "[yolo]", 24, "more than 65536 channels or"),
        ("[yolo]", "[upsample]\nscale=big\n[yolo]", 23, "scale holds 'big', expected a number"),
    ],
)
def test_what_is_wrong_or_unknown_is_refused_by_layer_and_line(
    old: str, new: str, line: int, said: str, tmp_path: Path
) -> None:
    text = NET + FIRST + LAST
    assert old in text
    place = text.rindex(old) if old in LAST else text.index(old)
    told = refusal(tmp_path, text[:place] + new + text[place + len(old) :])
    assert said in told
    assert told.startswith(f"{tmp_path / 'mini.cfg'}, line {line}: ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a Darknet cfg file: expected it to begin with [net]"),
        (b"[convolutional]\nfilters=3\n", "expected it to begin with [net]"),
        (b"\x7fELF\xff\xfe\x00", "not a Darknet cfg file: byte 4 is no UTF-8 text"),
        (b"[net]\n" + b"#" * (1 << 20), "larger than 1048576 bytes"),
        (b"[net]\n" + b"[dropout]\n" * 3000, "more than 2000 sections"),
        (b"[net]\nwidth=32\x1b[31m\n", "line 2: 'width=32\\x1b[31m' holds characters that are no"),
        (b"[net]\nheight=16\nwidth=" + b"9" * 100_000, "width is '9999"),
    ],
)
def test_what_is_no_cfg_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mini.cfg"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        read_network(path)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 500


def test_a_cfg_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"mini\.cfg: cannot be read: No such file"):
        read_network(tmp_path / "mini.cfg")


def test_more_weights_than_an_onnx_file_holds_are_refused(tmp_path: Path) -> None:
    wide = "[convolutional]\nfilters=60000\nactivation=linear\n"
    told = refusal(tmp_path, NET + wide * 2 + LAST)
    assert "weights, more than an ONNX file holds" in told
