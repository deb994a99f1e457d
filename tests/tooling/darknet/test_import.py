"""A public network, from its two files to detections by the server's own pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest

from edgeserve.catalog.repository import Repository
from edgeserve.domain.errors import ConfigurationError
from edgeserve.domain.frame import ColorOrder
from edgeserve.domain.model import Fit
from edgeserve.postprocess.finalize import Selection
from edgeserve.tooling.darknet import import_darknet, onnx_model, read_network
from edgeserve.tooling.evaluate import detect, open_engine
from tests.tooling.darknet.mini import FIRST, LAST, NET, write
from tests.tooling.darknet.plain_reading import Stored, head_maps

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.catalog.bundle import Bundle

NANO = "MobileNetV2-YOLOv3-Nano-coco"


@pytest.fixture(scope="module")
def nano(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = data_dir / "darknet"
    return import_darknet(
        folder / f"{NANO}.cfg",
        folder / f"{NANO}.weights",
        labels=(folder / "coco.names").read_text(encoding="utf-8").split("\n")[:80],
        name="nano",
        out=tmp_path_factory.mktemp("models"),
    )


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
@pytest.mark.parametrize(
    ("picture", "expected"),
    [("dog.jpg", {"dog", "bicycle"}), ("person.jpg", {"person"})],
)
def test_finds_what_is_in_the_pictures(
    nano: Bundle, runtime: str, picture: str, expected: set[str], data_dir: Path
) -> None:
    spec = nano.spec
    engine = open_engine(spec, runtime=runtime, precision="fp32")
    thresholds = spec.thresholds
    selection = Selection(thresholds.score, thresholds.iou, thresholds.max_detections)
    data = (data_dir / "media" / picture).read_bytes()
    (found,) = detect(spec, engine, [data], selection, "")
    assert expected <= {spec.labels[class_id] for class_id in found.class_ids.tolist()}


def test_boxes_lie_where_the_dog_is(nano: Bundle, data_dir: Path) -> None:
    engine = open_engine(nano.spec, runtime="onnxruntime", precision="fp32")
    data = (data_dir / "media" / "dog.jpg").read_bytes()
    (found,) = detect(nano.spec, engine, [data], Selection(0.25, 0.45, 100), "")
    names = [nano.spec.labels[class_id] for class_id in found.class_ids.tolist()]
    box = found.boxes_xyxy[names.index("dog")]
    # Drawn by hand on the picture of 768x576, give or take a tenth of it.
    np.testing.assert_allclose(box, [130, 220, 310, 540], atol=60)


def test_computes_what_a_plain_reading_of_the_cfg_computes(data_dir: Path) -> None:
    cfg = data_dir / "darknet" / f"{NANO}.cfg"
    weights = cfg.with_suffix(".weights")
    network = read_network(cfg)
    picture = np.random.default_rng(0).random((3, 320, 320))
    numbers = Stored(weights)
    expected = head_maps(cfg.read_text(encoding="utf-8"), picture, numbers)
    assert numbers.left == 0
    model = onnx_model(network, weights).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    got = session.run(None, {"images": picture[None].astype(np.float32)})
    assert len(got) == len(expected) == 2
    for mine, wanted in zip(got, expected, strict=True):
        assert np.abs(np.asarray(mine)[0] - wanted).max() <= 1e-4 * np.abs(wanted).max()


def imported(folder: Path, text: str = NET + FIRST + LAST, **options: object) -> Bundle:
    cfg, weights, _, _ = write(folder, text)
    given = {"labels": None, "name": "mini", "out": folder / "models"} | options
    return import_darknet(cfg, weights, **given)  # type: ignore[arg-type]


def test_the_server_finds_the_bundle_by_its_name(tmp_path: Path) -> None:
    bundle = imported(tmp_path, labels=["cat", "dog"])
    assert bundle.folder == tmp_path / "models" / "mini" / "1"
    names = sorted(path.name for path in bundle.folder.iterdir())
    assert names == ["model-fp32.onnx", "model.toml"]
    assert [path.name for path in bundle.folder.parent.iterdir()] == ["1"]
    found = Repository(tmp_path / "models", tmp_path).find("mini", "")
    found.verify()
    spec = found.spec
    assert spec.labels == ("cat", "dog")
    assert (spec.input.color_order, spec.input.fit) == (ColorOrder.RGB, Fit.STRETCH)
    assert (spec.input.layout, spec.input.dtype) == ("NHWC", "uint8")
    assert dict(spec.head.outputs) == {"maps_0": "head_2"}
    assert spec.head.anchors is not None
    assert spec.head.anchors.sizes_px == (((4, 5), (6, 7)),)
    assert (spec.thresholds.score, spec.thresholds.iou) == (0.25, 0.45)


def test_a_v2_network_is_served_by_the_region_head(tmp_path: Path) -> None:
    last = LAST.replace("[yolo]\nmask=1,2", "[region]\nsoftmax=1").replace("=14", "=21")
    spec = imported(tmp_path, NET + FIRST + last).spec
    assert spec.head.layout == "region"
    assert spec.head.anchors is not None
    assert spec.head.anchors.class_scores == "softmax"
    # 2x3, 4x5 and 6x7 cells of 2 px.
    assert spec.head.anchors.sizes_px == (((4, 6), (8, 10), (12, 14)),)
    open_engine(spec, runtime="onnxruntime", precision="fp32")


def test_what_the_cfg_says_of_fit_and_suppression_is_kept(tmp_path: Path) -> None:
    net = NET + "letter_box=1\n"
    spec = imported(tmp_path, net + FIRST + LAST + "nms_threshold=0.6\nscale_x_y=1.2\n").spec
    assert (spec.input.fit, spec.input.pad_value) == (Fit.CENTER, 128)
    assert spec.thresholds.iou == 0.6
    assert spec.head.anchors is not None
    assert spec.head.anchors.scale_xy == (1.2,)


@pytest.mark.parametrize(("kind", "iou"), [("default", 0.45), ("greedynms", 0.55)])
def test_a_kind_of_suppression_has_its_threshold(kind: str, iou: float, tmp_path: Path) -> None:
    text = NET + FIRST + LAST + f"nms_kind={kind}\nbeta_nms=0.6\n"
    assert imported(tmp_path, text).spec.thresholds.iou == iou


def test_classes_without_labels_are_numbered(tmp_path: Path) -> None:
    assert imported(tmp_path).spec.labels == ("class-0", "class-1")


def test_labels_must_be_as_many_as_classes(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"2 classes and 3 labels: give one for each"):
        imported(tmp_path, labels=["cat", "dog", "cow"])


@pytest.mark.parametrize("name", ["", "../mini", "a/b", ".mini", "x" * 200])
def test_a_name_that_is_no_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"name: .*match pattern"):
        imported(tmp_path, name=name)
    assert not (tmp_path / "models").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    imported(tmp_path)
    with pytest.raises(ConfigurationError, match=r"mini/1 is there already"):
        imported(tmp_path)


def test_nothing_is_left_of_an_import_that_fails(tmp_path: Path) -> None:
    cfg, weights, _, _ = write(tmp_path, NET + FIRST + LAST)
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ConfigurationError):
        import_darknet(cfg, weights, labels=None, name="mini", out=tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_heads_that_differ_are_refused(tmp_path: Path) -> None:
    other = LAST.replace("=14", "=16").replace("classes=2", "classes=3")
    text = NET + FIRST + LAST + "[route]\nlayers=0\n" + other
    with pytest.raises(ConfigurationError, match=r"layer 5 \[yolo\]: classes is 3 here and 2 in l"):
        imported(tmp_path, text)
