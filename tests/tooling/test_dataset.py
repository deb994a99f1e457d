from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.dataset import count_pictures, labelled_classes, read_split
from tests.fakes import jpeg

if TYPE_CHECKING:
    from pathlib import Path

LABELS = ("person", "car", "bus")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Names in another order than the model's, and one class that it does not know."""
    folder = tmp_path / "road"
    (folder / "val").mkdir(parents=True)
    content = {
        "names": ["car", "person", "tram"],
        "labelled": {"street": ["car", "person", "tram"], "hall": ["person"]},
    }
    (folder / "road.json").write_text(json.dumps(content))
    for name, labels in (
        ("street-1", "0 0.5 0.5 0.5 0.5\n2 0.5 0.5 0.1 0.1\n1 0 0 0.5 0.5\n"),
        ("hall-1", "1 0.25 0.25 0.5 0.5\n"),
        ("hall-2", ""),
    ):
        (folder / "val" / f"{name}.jpg").write_bytes(jpeg(64, 48))
        (folder / "val" / f"{name}.txt").write_text(labels)
    return folder


def test_origins_and_their_masks(data: Path) -> None:
    hall, street = read_split(data, "val", LABELS)
    assert (hall.name, hall.labelled) == ("hall", (0,))
    assert (street.name, street.labelled) == ("street", (0, 1))
    assert [picture.name for picture in hall.pictures] == ["hall-1", "hall-2"]


def test_labels_in_pixels_and_in_the_models_order(data: Path) -> None:
    _, street = read_split(data, "val", LABELS)
    (picture,) = street.pictures
    assert picture.class_ids.tolist() == [1, 0]
    np.testing.assert_allclose(picture.boxes_xyxy, [[16, 12, 48, 36], [0, 0, 16, 12]])


def test_a_picture_without_objects(data: Path) -> None:
    hall, _ = read_split(data, "val", LABELS)
    assert hall.pictures[1].boxes_xyxy.shape == (0, 4)


def test_tars_hold_the_same_as_a_folder(data: Path) -> None:
    expected = read_split(data, "val", LABELS)
    with tarfile.open(data / "val-0.tar", "w") as tar:
        tar.add(data / "val", "val")
    for path in (data / "val").iterdir():
        path.unlink()
    (data / "val").rmdir()
    found = read_split(data, "val", LABELS)
    assert [(o.name, [p.data for p in o.pictures]) for o in found] == [
        (o.name, [p.data for p in o.pictures]) for o in expected
    ]


def test_the_folder_above_will_do(data: Path) -> None:
    assert len(read_split(data.parent, "val", LABELS)) == 2


def test_without_names_every_class_counts_everywhere(data: Path) -> None:
    (data / "road.json").unlink()
    (only,) = read_split(data, "val", LABELS)
    assert (only.name, only.labelled, len(only.pictures)) == ("all", (0, 1, 2), 3)


def test_counts_and_classes_of_origins(data: Path) -> None:
    assert count_pictures(data, "val") == {"hall": 2, "street": 1}
    assert labelled_classes(data, LABELS) == {"hall": ("person",), "street": ("person", "car")}


def test_says_what_is_wrong(data: Path) -> None:
    with pytest.raises(ConfigurationError, match="has no split 'test'"):
        read_split(data, "test", LABELS)
    with pytest.raises(ConfigurationError, match="labels car, person, tram; the model knows dog"):
        read_split(data, "val", ["dog"])
    (data / "val" / "street-1.txt").write_text("0 0.5 0.5\n")
    with pytest.raises(ConfigurationError, match="street-1: picture or labels cannot be read"):
        read_split(data, "val", LABELS)
    (data / "val" / "street-1.txt").write_text("")
    (data / "val" / "moon-1.jpg").write_bytes(jpeg())
    with pytest.raises(ConfigurationError, match="unknown origin 'moon'"):
        read_split(data, "val", LABELS)


def test_the_shared_data(data_dir: Path) -> None:
    labels = ("person", "car", "motorbike", "bus", "truck")
    highway, people = read_split(data_dir / "road", "val", labels)
    assert (len(highway.pictures), highway.labelled) == (258, (0, 1, 2, 3, 4))
    assert (len(people.pictures), people.labelled) == (75, (0,))
