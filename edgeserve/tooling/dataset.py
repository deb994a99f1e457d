"""Labelled pictures in the YOLO text layout.

::

    DATA/NAMES.json              optional: {"names": [...], "labelled": {ORIGIN: [NAME, ...]}}
    DATA/SPLIT/NAME.jpg          or inside DATA/SPLIT-*.tar
    DATA/SPLIT/NAME.txt          a line an object: class cx cy w h, shares of the picture

A picture's origin is the first word of its name (`highway-0001.jpg`). An origin labels only the
classes that the JSON file lists for it: an object of another class in such a picture is neither
right nor wrong. Without a JSON file there is one origin, "all", which labels every class of the
model.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import ConfigurationError, InvalidImageError
from edgeserve.preprocess.header import read_header
from edgeserve.tooling.stored_files import StoredFile, split_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

EVERYTHING = "all"
PICTURES = (".jpg", ".jpeg", ".png", ".webp")
_COLUMNS = 5


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One picture with its objects.

    Attributes:
        name: without folder and ending.
        data: the encoded picture.
        boxes_xyxy: (N, 4) float32, corners in pixels of the picture.
        class_ids: (N,) int64, index into the model's labels.
    """

    name: str
    data: bytes
    boxes_xyxy: NDArray[np.float32]
    class_ids: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Origin:
    """The pictures of one origin and the classes that it labels exhaustively."""

    name: str
    labelled: tuple[int, ...]
    pictures: tuple[LabelledPicture, ...]


def read_split(data: Path, split: str, labels: Sequence[str]) -> list[Origin]:
    """Read a whole split, origins by name.

    Args:
        data: folder of the data set, or one that holds it as its only data set.
        split: as in "val".
        labels: of the model, which class ids become an index into.

    Raises:
        ConfigurationError: the layout is another, a label file is wrong, or the data and the
            model have no class in common.
    """
    data = data_folder(data)
    names, masks = _masks(data, labels)
    files = split_files(data, split)
    by_origin: dict[str, list[LabelledPicture]] = {}
    for file in files.values():
        stem, _, ending = file.name.rpartition(".")
        if f".{ending.lower()}" in PICTURES:
            origin = EVERYTHING if EVERYTHING in masks else stem.split("-")[0]
            picture = _picture(stem, file, files.get(f"{stem}.txt"), names)
            by_origin.setdefault(origin, []).append(picture)
    unknown = sorted(set(by_origin) - set(masks))
    if unknown or not by_origin:
        wrong = f"pictures of unknown origin {unknown[0]!r}" if unknown else "no pictures"
        text = f"{data}: split {split!r} holds {wrong}; expected origins: {', '.join(masks)}"
        raise ConfigurationError(text)
    return [
        Origin(origin, masks[origin], tuple(pictures))
        for origin, pictures in sorted(by_origin.items())
        if masks[origin]
    ]


def labelled_classes(data: Path, labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The labels that each origin of a data set judges.

    Raises:
        ConfigurationError: the data and the model have no class in common.
    """
    _, masks = _masks(data_folder(data), labels)
    return {origin: tuple(labels[index] for index in own) for origin, own in masks.items()}


def count_pictures(data: Path, split: str) -> dict[str, int]:
    """How many pictures of each origin a split holds, by the first word of their names.

    Raises:
        ConfigurationError: there is no such split.
    """
    names = split_files(data_folder(data), split)
    counts = Counter(name.split("-")[0] for name in names if name.lower().endswith(PICTURES))
    return dict(sorted(counts.items()))


def plain_pictures(data: Path) -> list[StoredFile]:
    """The pictures that lie in a folder itself, without splits; none in a data set.

    Raises:
        ConfigurationError: it is not a folder.
    """
    folder = data_folder(data)
    files = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in PICTURES)
    return [StoredFile(path.name, path, 0, path.stat().st_size) for path in files]


def data_folder(data: Path) -> Path:
    """The folder that holds the JSON file: the one given, or its only child that has one.

    Raises:
        ConfigurationError: it is not a folder.
    """
    if not data.is_dir():
        text = f"{data} is not a folder with a data set"
        raise ConfigurationError(text)
    inner = [path for path in sorted(data.iterdir()) if path.is_dir() and _names_file(path)]
    return inner[0] if _names_file(data) is None and len(inner) == 1 else data


def _names_file(data: Path) -> tuple[list[str], Mapping[str, list[str]]] | None:
    read = (_names_in(path) for path in sorted(data.glob("*.json")))
    return next((found for found in read if found is not None), None)


def _names_in(path: Path) -> tuple[list[str], Mapping[str, list[str]]] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return list(content["names"]), dict(content["labelled"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # some other JSON file


def _masks(
    data: Path,
    labels: Sequence[str],
) -> tuple[dict[int, int], dict[str, tuple[int, ...]]]:
    """Class id of the data to that of the model, and the labelled ids of each origin."""
    found = _names_file(data)
    if found is None:
        every = range(len(labels))
        return {index: index for index in every}, {EVERYTHING: tuple(every)}
    names, labelled = found
    ids = {index: labels.index(name) for index, name in enumerate(names) if name in labels}
    if not ids:
        text = f"{data} labels {', '.join(names)}; the model knows {', '.join(labels)}"
        raise ConfigurationError(text)
    return ids, {
        origin: tuple(sorted(labels.index(name) for name in own if name in labels))
        for origin, own in sorted(labelled.items())
    }


def _picture(
    name: str,
    file: StoredFile,
    label_file: StoredFile | None,
    ids: Mapping[int, int],
) -> LabelledPicture:
    data = file.read()
    words = [] if label_file is None else label_file.read().split()
    try:
        header = read_header(data)
        rows = np.array(words, dtype=np.float64).reshape(-1, _COLUMNS)
    except (InvalidImageError, ValueError) as error:
        text = f"{file.path}: {name}: picture or labels cannot be read: {error}"
        raise ConfigurationError(text) from error
    rows = rows[[int(row[0]) in ids for row in rows]] if len(rows) else rows
    half = rows[:, 3:] / 2
    corners = np.concatenate([rows[:, 1:3] - half, rows[:, 1:3] + half], axis=1).clip(0, 1)
    size = np.array([header.width_px, header.height_px] * 2)
    return LabelledPicture(
        name=name,
        data=data,
        boxes_xyxy=(corners * size).astype(np.float32),
        class_ids=np.array([ids[int(row[0])] for row in rows], dtype=np.int64),
    )
