"""Labelled pictures, decoded once and held in memory."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Sample:
    """One labelled picture."""

    name: str
    origin: str
    pixels: NDArray[np.uint8]
    """(H, W, 3) uint8 BGR."""
    boxes: NDArray[np.float32]
    """(n, 4) float32 xyxy in pixels of `pixels`."""
    classes: NDArray[np.int64]
    """(n,) int64."""
    scores: NDArray[np.float32]
    """(n,) float32: 1 for a label, less for what a teacher believes."""
    taught: bool = False
    """A teacher has looked for the classes that the origin does not label."""


@dataclass(frozen=True)
class Origins:
    """Which classes each origin labels exhaustively."""

    classes: list[str]
    labelled: dict[str, NDArray[np.bool_]]
    """(classes,) bool by origin."""

    @classmethod
    def load(cls, data: Path, classes: list[str]) -> Origins:
        """Read `*.json` (names, labelled) of a data folder.

        Raises:
            ValueError: no such file, or its classes are not the recipe's.
        """
        files = sorted(data.glob("*.json"))
        if len(files) != 1:
            msg = f"{data} holds {len(files)} JSON files, not the one that names the classes"
            raise ValueError(msg)
        text = json.loads(files[0].read_text())
        if text["names"] != classes:
            msg = f"the data's classes {text['names']} are not the recipe's {classes}"
            raise ValueError(msg)
        labelled = {
            origin: np.array([name in names for name in classes])
            for origin, names in text["labelled"].items()
        }
        return cls(classes, labelled)


def split_folder(data: Path, split: str, cache: Path) -> Path:
    """Folder of a split: in the data as it is, or unpacked once from the data's tars."""
    if (data / split).is_dir():
        return data / split
    done = cache / f"{split}.unpacked"
    if not done.exists():
        for part in sorted(data.glob(f"{split}-*.tar")):
            with tarfile.open(part) as tar:
                tar.extractall(cache, filter="data")
        done.touch()
    return cache / split


def load_split(
    folder: Path, longest_px: int | None = None, taught: Path | None = None
) -> list[Sample]:
    """Decode all pictures of a split.

    Args:
        folder: holds NAME.jpg beside NAME.txt (class cx cy w h, shares of the picture); the
            name's first word is the origin.
        longest_px: larger pictures are shrunk to this longer side.
        taught: folder of what a teacher found, NAME.txt (class cx cy w h score).
    """
    return [_load(path, longest_px, taught) for path in sorted(folder.glob("*.jpg"))]


def _load(path: Path, longest_px: int | None, taught: Path | None) -> Sample:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        msg = f"{path} cannot be decoded"
        raise ValueError(msg)
    longest = max(pixels.shape[:2])
    if longest_px is not None and longest > longest_px:
        ratio = longest_px / longest
        pixels = cv2.resize(pixels, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
    height, width = pixels.shape[:2]
    labels = _rows(path.with_suffix(".txt"), 5)
    rows = np.concatenate([labels, np.ones((len(labels), 1), np.float32)], axis=1)
    lessons = None if taught is None else taught / f"{path.stem}.txt"
    if lessons is not None and lessons.exists():
        rows = np.concatenate([rows, _rows(lessons, 6)])
    centres, sizes = rows[:, 1:3], rows[:, 3:5]
    corners = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1).clip(0, 1)
    return Sample(
        name=path.stem,
        origin=path.stem.split("-")[0],
        pixels=np.asarray(pixels, dtype=np.uint8),
        boxes=(corners * np.array([width, height] * 2)).astype(np.float32),
        classes=rows[:, 0].astype(np.int64),
        scores=rows[:, 5],
        taught=lessons is not None and lessons.exists(),
    )


def _rows(path: Path, columns: int) -> NDArray[np.float32]:
    return np.array(path.read_text().split(), dtype=np.float32).reshape(-1, columns)
