"""The whole command on a handful of pictures."""

from __future__ import annotations

import csv
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
cv2 = pytest.importorskip("cv2")
pytest.importorskip("pycocotools")
pytest.importorskip("matplotlib")

from models.__main__ import main  # noqa: E402
from models.recipe import load_recipe  # noqa: E402
from models.training import checkpoint  # noqa: E402
from models.training.dataset import load_split, split_folder  # noqa: E402

RECIPES = Path(__file__).parents[2] / "models" / "recipes"


def _write(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        pixels = np.full((48, 64, 3), 40, dtype=np.uint8)
        pixels[12:36, 16:48] = (0, 90, 250)
        cv2.imwrite(str(folder / f"{name}.jpg"), pixels)
        (folder / f"{name}.txt").write_text(f"{number % 2} 0.5 0.5 0.5 0.5\n")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    _write(folder / "train", ["street-1", "street-2", "people-1"])
    _write(folder / "val", ["street-8", "people-9"])
    labelled = {"street": ["person", "car"], "people": ["person"]}
    (folder / "data.json").write_text(
        json.dumps({"names": ["person", "car"], "labelled": labelled})
    )
    return folder


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    text = (RECIPES / "road-csp-tiny.toml").read_text()
    for old, new in {
        '["person", "car", "motorbike", "bus", "truck"]': '["person", "car"]',
        "[16, 32, 64, 128, 256]": "[4, 8, 16, 32, 64]",
        "width = 64": "width = 16",
        "width = 320": "width = 64",
        "height = 320": "height = 64",
        "batch = 16": "batch = 2",
        "epoch_images = 2264": "epoch_images = 4",
        "evaluate_every = 4": "evaluate_every = 1",
        '"highway"': '"street"',
        "highway =": "street =",
    }.items():
        assert old in text
        text = text.replace(old, new)
    start = text.index("sizes = ")
    text = text[:start] + "sizes = [[0.0, 64]]" + text[text.index("\n", start) :]
    path = tmp_path / "small.toml"
    path.write_text(text)
    load_recipe(path)
    return path


def test_train_resume_and_export(
    data: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    words = ["models", "train", str(recipe), "--data", str(data), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", [*words, "--threads", "1", "--epochs", "1"])
    main()
    first = checkpoint.load(out / "last.pt")
    assert (first["epoch"], first["images"], first["reached"]) == (1, 4, 1.0)

    monkeypatch.setattr(sys, "argv", [*words, "--threads", "1", "--epochs", "2", "--resume"])
    main()
    with (out / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert {"street_ap50", "people_ap50"} <= set(rows[-1])
    assert (out / "curves.png").exists()

    onnx = tmp_path / "small.onnx"
    arguments = ["export", str(recipe), "--weights", str(out / "last.pt"), "--out", str(onnx)]
    monkeypatch.setattr(sys, "argv", ["models", *arguments])
    main()
    assert onnx.stat().st_size > 0


def test_tars_are_unpacked_once(data: Path, tmp_path: Path) -> None:
    packed, cache = tmp_path / "packed", tmp_path / "cache"
    packed.mkdir()
    with tarfile.open(packed / "val-0.tar", "w") as tar:
        tar.add(data / "val", arcname="val")
    assert len(load_split(split_folder(packed, "val", cache))) == 2
    (packed / "val-0.tar").unlink()
    samples = load_split(split_folder(packed, "val", cache))
    assert [sample.origin for sample in samples] == ["people", "street"]
    assert samples[0].boxes.tolist() == [[16, 12, 48, 36]]
