"""What a bundle says of itself, and wrong words in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.manifest import read_manifest
from edgeserve.domain.errors import ConfigurationError
from edgeserve.domain.frame import ColorOrder
from edgeserve.domain.model import Fit, ModelFile, Thresholds
from tests.catalog import bundles

if TYPE_CHECKING:
    from pathlib import Path

A_SHA = "a" * 64
STD = "std = [4.0, 5.0, 6.0]"
REG_MAX = "reg_max = 8"
ANCHORS = 'anchors = { scale_xy = [1], box_sizes = "exp", class_scores = "sigmoid", sizes_px'


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ('licence = "Apache-2.0"\n', "", "licence", "Field required"),
        ("format = 1", "format = 2", "format", "1, got 2"),
        ("format = 1", "format = 1\nlicense = 1", "license", "Extra inputs are not permitted"),
        ("pad_value = 114", "padding = 114", "input.pad_value", "Field required"),
        ("pad_value = 114", "pad_value = 256", "input.pad_value", "less than or equal to 255"),
        ("width_px = 416", "width_px = 'wide'", "input.width_px", "integer, got 'wide'"),
        ("width_px = 416", "width_px = 0", "input.width_px", "greater than or equal to 1"),
        ("width_px = 416", "width_px = 8193", "input.width_px", "less than or equal to 8192"),
        (
            "width_px = 416",
            f"width_px = 0x{'9' * 9999}",
            "input.width_px",
            "got a int too long to be shown",
        ),
        ('"uint8"', '"int8"', "input.dtype", "'uint8', 'float32' or 'float16', got 'int8'"),
        ('"top-left"', '"fill"', "input.fit", "'center', 'top-left' or 'stretch', got 'fill'"),
        ('"RGB"', '"GBR"', "input.color_order", "'BGR' or 'RGB', got 'GBR'"),
        (STD, "std = [4.0, 5.0]", "input.normalisation.std[2]", "Field required"),
        (STD, "std = [4.0, 0.0, 6.0]", "input.normalisation.std[1]", "greater than 0"),
        ("[8, 16, 32]", "[8, 0, 32]", "head.strides[1]", "greater than or equal to 1"),
        ("[8, 16, 32]", "8", "head.strides", "tuple, got 8"),
        (
            "[8, 16, 32]",
            f"[{', '.join('1' * 32)}]",
            "head",
            "strides give 4259840 cells; expected 4194304 at most",
        ),
        (REG_MAX, f"{ANCHORS} = 0 }}", "head.anchors.sizes_px", "tuple, got 0"),
        (REG_MAX, f"{ANCHORS} = [[[9, 0]]] }}", "head.anchors.sizes_px[0][0][1]", "than 0, got 0"),
        (REG_MAX, f"{ANCHORS} = [[[inf, 9]]] }}", "head.anchors.sizes_px[0][0][0]", "finite"),
        ("score = 0.25", "score = 25", "thresholds.score", "less than 1, got 25"),
        ("max_detections = 100", "max_detections = 0", "thresholds.max_detections", "equal to 1"),
        ('["person", "car"]', "[]", "labels", "at least 1 item"),
        ('name = "tiny"', 'name = "../tiny"', "name", "match pattern"),
        ('version = "1"', 'version = ""', "version", "match pattern"),
        ('path = "model.onnx"', 'path = "../model.onnx"', "files[0].path", "'../model.onnx'"),
        ('path = "model.xml"', 'path = "sub/model.xml"', "files[1].path", "'sub/model.xml'"),
        ('path = "model.xml"', 'path = "/etc/passwd"', "files[1].path", "'/etc/passwd'"),
        ('path = "model.xml"', 'path = ".."', "files[1].path", "match pattern"),
        ('path = "model.bin"', 'path = ".."', "files[1].companions[0].path", "match pattern"),
        ('path = "model.onnx"', f'path = "{"a" * 201}"', "files[0].path", "match pattern"),
        ('path = "golden.npz"', 'path = "a\\\\b"', "golden.path", "match pattern"),
        ('["openvino"]', "[]", "files[1].runtimes", "at least 1 item"),
        (
            'precision = "int8"',
            'precision = "int4"',
            "files[0].precision",
            "'int8', 'fp16' or 'fp32'",
        ),
        (
            'path = "golden.npz"\n',
            'path = "golden.npz"\nsize = 3\n',
            "golden.size",
            "not permitted",
        ),
    ],
)
def test_a_wrong_manifest_names_file_key_and_what_was_expected(
    old: str,
    new: str,
    key: str,
    said: str,
    tmp_path: Path,
) -> None:
    folder = bundles.write(tmp_path / "tiny", bundles.manifest(changes=((old, new),)))
    with pytest.raises(ConfigurationError) as refusal:
        Bundle.read(folder)
    text = str(refusal.value)
    assert text.startswith(f"{folder / 'model.toml'}: {key}: ")
    assert said in text
    assert "\n" not in text


@pytest.mark.parametrize("sha", ["", "A" * 64, "a" * 63, A_SHA + "a", "g" * 64])
def test_a_checksum_is_64_small_hexadecimal_digits(sha: str, tmp_path: Path) -> None:
    good = bundles.manifest().split('sha256 = "')[1][:64]
    folder = bundles.write(tmp_path / "tiny", bundles.manifest(changes=((good, sha),)))
    with pytest.raises(ConfigurationError, match=r"model\.toml: files\[0\]\.sha256: .*pattern"):
        Bundle.read(folder)


def test_what_is_no_manifest_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    with pytest.raises(ConfigurationError, match=r"model\.toml: cannot be read"):
        read_manifest(path)
    path.write_text("name = \n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"model\.toml: not valid TOML: .*line 1"):
        read_manifest(path)
    path.write_bytes(b'name = "\xff"')
    with pytest.raises(ConfigurationError, match=r"model\.toml: cannot be read"):
        read_manifest(path)
    for hostile in ("a = " + "[" * 9999, "a = " + "9" * 9999):
        path.write_text(hostile, encoding="ascii")
        with pytest.raises(ConfigurationError, match=r"model\.toml: not valid TOML: "):
            read_manifest(path)


def test_a_manifest_of_more_than_a_megabyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    text = bundles.manifest()
    path.write_text(text + "#" * ((1 << 20) - len(text)), encoding="ascii")
    read_manifest(path)
    path.write_text(text + "#" * ((1 << 20) - len(text) + 1), encoding="ascii")
    with pytest.raises(ConfigurationError, match="larger than 1048576 bytes"):
        read_manifest(path)


def test_the_spec_says_what_the_manifest_says(tmp_path: Path) -> None:
    folder = bundles.write(tmp_path / "tiny")
    spec = Bundle.read(folder).spec
    assert (spec.name, spec.version, spec.labels) == ("tiny", "1", ("person", "car"))
    assert (spec.input.width_px, spec.input.height_px) == (416, 320)
    assert (spec.input.color_order, spec.input.fit) == (ColorOrder.RGB, Fit.TOP_LEFT)
    assert (spec.head.layout, spec.head.strides, spec.head.reg_max) == ("dfl", (8, 16, 32), 8)
    assert dict(spec.head.outputs) == {"boxes": "b", "scores": "s"}
    assert spec.thresholds == Thresholds(score=0.25, iou=0.45, max_detections=100)
    assert spec.files == (
        ModelFile(folder / "model.onnx", ("onnxruntime",), "int8"),
        ModelFile(folder / "model.xml", ("openvino",), "int8"),
    )


@pytest.mark.parametrize(
    ("place", "mean", "std"),
    [("graph", (0, 0, 0), (1, 1, 1)), ("server", (1, 2, 3), (4, 5, 6))],
)
def test_the_server_normalises_only_what_the_graph_does_not(
    place: str,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    tmp_path: Path,
) -> None:
    text = bundles.manifest(changes=(('place = "graph"', f'place = "{place}"'),))
    picture = Bundle.read(bundles.write(tmp_path / "tiny", text)).spec.input
    assert (picture.mean, picture.std) == (mean, std)
