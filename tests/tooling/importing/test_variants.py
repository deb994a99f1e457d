"""The command imports each layout, and the bundle finds what the original finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.catalog.bundle import Bundle
from tests.tooling.importing import variants
from tests.tooling.importing.conftest import OUR_PICTURE, find

if TYPE_CHECKING:
    from collections.abc import Callable

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
