from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.calibration import calibration_tensors
from edgeserve.tooling.dataset import read_split
from edgeserve.tooling.labels import read_labelled
from tests.tooling.synthetic import LABELS

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.catalog.bundle import Bundle


@pytest.fixture
def coco(squares: Path, tmp_path: Path) -> Path:
    """The squares in the COCO layout, with other class ids and a class more."""
    for split in ("train", "val"):
        (origin,) = read_split(squares, split, LABELS)
        folder = tmp_path / "images" / f"{split}2026"
        folder.mkdir(parents=True)
        images, annotations = [], []
        for number, picture in enumerate(origin.pictures):
            (folder / f"{picture.name}.png").write_bytes(picture.data)
            images.append({"id": number, "file_name": f"{picture.name}.png"})
            for box, index in zip(picture.boxes_xyxy, picture.class_ids, strict=True):
                left, top, right, bottom = (float(side) for side in box)
                annotations.append(
                    {
                        "image_id": number,
                        "category_id": 7 + int(index),
                        "bbox": [left, top, right - left, bottom - top],
                    }
                )
            annotations.append({"image_id": number, "category_id": 3, "bbox": [0, 0, 9, 9]})
            crowd = {"image_id": number, "category_id": 7, "bbox": [0, 0, 9, 9], "iscrowd": 1}
            annotations.append(crowd)
        categories = [{"id": 3, "name": "green"}]
        categories += [{"id": 7 + index, "name": name} for index, name in enumerate(LABELS)]
        document = {"images": images, "annotations": annotations, "categories": categories}
        (tmp_path / "annotations").mkdir(exist_ok=True)
        path = tmp_path / "annotations" / f"instances_{split}2026.json"
        path.write_text(json.dumps(document))
    return tmp_path


def test_both_layouts_say_the_same(squares: Path, coco: Path) -> None:
    (expected,) = read_labelled(squares, "val", LABELS)
    (found,) = read_labelled(coco, "val", LABELS)
    assert (found.name, found.labelled) == (expected.name, expected.labelled)
    assert len(found.pictures) == len(expected.pictures)
    for one, other in zip(found.pictures, expected.pictures, strict=True):
        assert one.data == other.data
        assert one.class_ids.tolist() == other.class_ids.tolist()
        np.testing.assert_allclose(one.boxes_xyxy, other.boxes_xyxy, atol=1e-3)


def test_its_training_pictures_calibrate(squares: Path, coco: Path, bundle: Bundle) -> None:
    expected = calibration_tensors(squares, bundle.spec.input)
    found = calibration_tensors(coco, bundle.spec.input)
    assert len(found) == len(expected)


def test_what_is_no_annotation_file_is_named(coco: Path) -> None:
    path = coco / "annotations" / "instances_val2026.json"
    for text in ("{", "[]", '{"images": []}', '{"images": [], "annotations": [], "categories": 5}'):
        path.write_text(text)
        with pytest.raises(ConfigurationError, match=r"instances_val2026\.json: not COCO"):
            read_labelled(coco, "val", LABELS)


def test_classes_that_nobody_shares_are_refused(coco: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"labels green, blue, red; the model knows cat"):
        read_labelled(coco, "val", ["cat"])


def test_coco_s_captions_and_keypoints_may_lie_beside_it(coco: Path) -> None:
    for name in ("captions", "person_keypoints"):
        (coco / "annotations" / f"{name}_val2026.json").write_text("{}")
    (origin,) = read_labelled(coco, "val", LABELS)
    assert origin.pictures


def test_two_files_for_one_split_are_refused(coco: Path) -> None:
    (coco / "annotations" / "instances_val2025.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="several files"):
        read_labelled(coco, "val", LABELS)
