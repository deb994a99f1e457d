"""A teacher's findings join the labels of a split."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
cv2 = pytest.importorskip("cv2")

from models.training.augment import single  # noqa: E402
from models.training.dataset import Origins, load_split  # noqa: E402
from models.training.feeder import collate  # noqa: E402
from models.training.teacher import Teacher, teach  # noqa: E402

DATA = Path(os.environ.get("EDGESERVE_DATA", "../shared/data"))
CLASSES = ["person", "car", "motorbike", "bus", "truck"]
ORIGINS = Origins(CLASSES, {"people": np.array([True, False, False, False, False])})


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    """A picture of people with a bicycle, a dog and a truck; the teacher's lines."""
    if not (DATA / "onnx" / "yolox_nano.onnx").exists():
        pytest.skip(f"no teacher under {DATA}")
    (tmp_path / "train").mkdir()
    picture = cv2.imread(str(DATA / "media" / "dog.jpg"))
    cv2.imwrite(str(tmp_path / "train" / "people-1.jpg"), picture)
    (tmp_path / "train" / "people-1.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    names = (DATA / "darknet" / "coco.names").read_text().split("\n")
    teacher = Teacher(DATA / "onnx" / "yolox_nano.onnx")
    counts = teach(teacher, names, tmp_path / "train", ORIGINS, tmp_path / "taught")
    assert counts["person"] == 0, "people label persons themselves"
    assert counts["car"] + counts["truck"] > 0
    return tmp_path


def test_findings_join_the_labels(lessons: Path) -> None:
    (plain,) = load_split(lessons / "train")
    assert (plain.taught, plain.classes.tolist()) == (False, [0])
    (taught,) = load_split(lessons / "train", taught=lessons / "taught")
    assert taught.taught
    assert taught.scores[0] == 1
    assert (taught.scores[1:] < 1).all()
    vehicles = taught.boxes[1:][taught.scores[1:].argmax()]
    height, width = taught.pixels.shape[:2]
    assert vehicles[0] > width / 2, "the truck stands at the right"
    assert vehicles[3] < height / 2


def test_only_sure_findings_are_objects(lessons: Path) -> None:
    (taught,) = load_split(lessons / "train", taught=lessons / "taught")
    scores = np.array([1.0, 0.9, 0.2], dtype=np.float32)
    sample = type(taught)(
        "people-1",
        "people",
        taught.pixels,
        np.array([[10, 10, 200, 200]] * 3, dtype=np.float32),
        np.array([0, 1, 4], dtype=np.int64),
        scores,
        taught=True,
    )
    example = single(sample, 320, 114, np.random.default_rng(0))
    batch = collate([example], ORIGINS, [8, 16, 32])
    assert batch.classes.tolist() == [0, 1]
    assert batch.labelled[..., :4].all()
    assert not batch.labelled[..., 4].all()
