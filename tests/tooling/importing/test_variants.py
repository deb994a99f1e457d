"""The command imports each layout, and the bundle finds what the original finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.repository import shipped_dir
from edgeserve.cli.main import run
from tests.tooling.importing import variants
from tests.tooling.importing.conftest import OUR_PICTURE, find

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgeserve.domain.detections import Detections

    Bring = Callable[..., Bundle]

LABELS = f"--labels={','.join(variants.LABELS)}"
WHERE_THE_GRAPH_CHOOSES = {"end-to-end", "ssd", "detr"}
"""Nothing was suppressed in these graphs: they leave it to us, which such models do not."""
FLOAT = variants.onnx.TensorProto.FLOAT
HALF = variants.onnx.TensorProto.FLOAT16
SIDE = variants.SIDE_PX


@pytest.fixture(scope="session")
def expected() -> Detections:
    found = find(Bundle.read(variants.original().parent))
    assert len(found) > 0
    return found


def check_same(found: Detections, expected: Detections, *, pixels: float = 0.05) -> None:
    assert found.class_ids.tolist() == expected.class_ids.tolist()
    np.testing.assert_allclose(found.scores, expected.scores, atol=2e-3)
    np.testing.assert_allclose(found.boxes_xyxy, expected.boxes_xyxy, atol=pixels)


@pytest.mark.parametrize("layout", variants.LAYOUTS)
def test_a_layout_is_recognised_and_finds_what_the_original_finds(
    layout: str,
    bring: Bring,
    expected: Detections,
) -> None:
    options = [LABELS, *OUR_PICTURE, "--iou=0.6"]
    bundle = bring(variants.LAYOUTS[layout](), *options)
    assert bundle.manifest.head.layout == layout.removesuffix("-levels")
    assert bundle.manifest.files[0].runtimes == ("onnxruntime", "openvino")
    found = find(bundle)
    check_same(found, expected)
    check_same(find(bundle, "openvino"), expected, pixels=0.5)


@pytest.mark.parametrize("layout", sorted(WHERE_THE_GRAPH_CHOOSES))
def test_finished_detections_are_not_suppressed_again(layout: str, bring: Bring) -> None:
    bundle = bring(variants.LAYOUTS[layout](), LABELS, *OUR_PICTURE)
    assert bundle.manifest.thresholds.iou == 1


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ([1, 3, SIDE, SIDE], FLOAT),
        ([1, SIDE, SIDE, 3], FLOAT),
        ([1, 3, SIDE, SIDE], HALF),
        ([1, SIDE, SIDE, 3], HALF),
        (["batch", 3, SIDE, SIDE], FLOAT),
        (["batch", 3, "height", "width"], HALF),
    ],
)
def test_any_input_becomes_the_servers_picture(
    shape: list[int | str],
    kind: int,
    bring: Bring,
    expected: Detections,
) -> None:
    model = variants.with_input(variants.v8(), shape, kind)
    bundle = bring(model, LABELS, *OUR_PICTURE, "--scale=255", f"--size={SIDE}x{SIDE}")
    picture = bundle.manifest.input
    assert (picture.dtype, picture.layout) == ("uint8", "NHWC")
    assert picture.normalisation.place == "graph"
    check_same(find(bundle), expected, pixels=2 if kind == HALF else 0.05)


def test_without_the_package_onnx_the_server_normalises(
    bring: Bring,
    expected: Detections,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("edgeserve.tooling.importing.read.installed", lambda _name: False)
    inputs: list[tuple[list[int | str], int]] = [
        ([1, 3, SIDE, SIDE], FLOAT),
        (["n", SIDE, SIDE, 3], HALF),
    ]
    for shape, kind in inputs:
        model = variants.with_input(variants.v8(), shape, kind)
        bundle = bring(model, LABELS, *OUR_PICTURE, "--scale=255")
        said = capsys.readouterr().out
        assert "assumed: the server normalises each frame, not the graph" in said
        assert bundle.manifest.input.normalisation.place == "server"
        check_same(find(bundle), expected, pixels=2 if kind == HALF else 0.05)


def test_precision_is_what_the_weights_are(bring: Bring) -> None:
    assert bring(variants.v8(), LABELS).manifest.files[0].precision == "fp32"
    half = bring(variants.with_half_weights(variants.v8()), LABELS)
    assert half.manifest.files[0].precision == "fp16"


def test_importing_again_makes_the_next_version(bring: Bring) -> None:
    assert bring(variants.dfl(), LABELS).manifest.version == "1"
    assert bring(variants.dfl(), LABELS).manifest.version == "2"


@pytest.mark.parametrize("suffix", [".onnx", ".xml"])
def test_an_int8_model_of_either_toolchain_stays_what_it_is(suffix: str, tmp_path: Path) -> None:
    shipped = Bundle.read(shipped_dir() / "road-csp-tiny")
    source = shipped.folder / f"model-int8{suffix}"
    assert run(["import", str(source), f"--out={tmp_path}", "--name=mine", "--iou=0.6"]) == 0
    bundle = Bundle.read(tmp_path / "mine" / "1")
    (file,) = bundle.manifest.files
    assert file.precision == "int8"
    # Labels, strides, colour order, fit and pad value stand in the file.
    assert bundle.manifest.labels == shipped.manifest.labels
    assert bundle.manifest.head == shipped.manifest.head
    assert bundle.manifest.input.model_copy(
        update={"normalisation": shipped.manifest.input.normalisation}
    ) == (shipped.manifest.input)
    runtime = "openvino" if suffix == ".xml" else "onnxruntime"
    form = next(one for one in shipped.spec.files if one.path == source)
    expected = find(shipped, runtime, form)
    check_same(find(bundle, runtime), expected)


@pytest.mark.parametrize("shape", [[1, 3, SIDE, SIDE], ["n", 3, "h", "w"]])
def test_an_ir_gets_the_servers_picture_as_its_input(
    shape: list[int | str],
    tmp_path: Path,
    expected: Detections,
) -> None:
    openvino = pytest.importorskip("openvino", reason="an IR is written by OpenVINO")
    variants.onnx.save(variants.with_input(variants.v8(), shape), str(tmp_path / "v8.onnx"))
    model = openvino.Core().read_model(tmp_path / "v8.onnx")
    openvino.save_model(model, tmp_path / "v8.xml", compress_to_fp16=False)
    options = [LABELS, *OUR_PICTURE, "--scale=255", f"--size={SIDE}x{SIDE}", "--iou=0.6"]
    assert run(["import", str(tmp_path / "v8.xml"), f"--out={tmp_path}", *options]) == 0
    bundle = Bundle.read(tmp_path / "v8" / "1")
    assert (bundle.manifest.input.dtype, bundle.manifest.input.layout) == ("uint8", "NHWC")
    assert bundle.manifest.files[0].runtimes == ("openvino",)
    assert bundle.manifest.files[0].precision == "fp32"
    check_same(find(bundle, "openvino"), expected, pixels=0.5)


def test_a_manifest_that_was_edited_wrongly_is_told_by_the_check(
    bring: Bring,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bundle = bring(variants.v8(), LABELS)
    path = bundle.folder / "model.toml"
    good = path.read_text()
    models = ["--models-dir", str(bundle.folder.parents[1])]

    def told(old: str, new: str, *, code: int) -> str:
        assert old in good
        path.write_text(good.replace(old, new))
        capsys.readouterr()
        assert run(["models", "check", "mine", *models]) == code
        captured = capsys.readouterr()
        return captured.out + captured.err

    assert "should have shape [1, 8, N] or [1, N, 8]" in told(', "truck"]', "]", code=1)
    assert "head layout 'v9' is unknown" in told('layout = "v8"', 'layout = "v9"', code=1)
    assert "head.box_format: " in told("[head]", '[head]\nbox_format = "xywh"', code=2)
    assert "head.boxes: Extra inputs" in told("[head]", "[head]\nboxes = 1", code=2)
    assert "labels[0]: Input should be a valid string" in told(
        'labels = ["person", ', 'labels = [1, "person", ', code=2
    )
