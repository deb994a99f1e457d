"""Labelled pictures in the COCO layout.

::

    DATA/annotations/*SPLIT*.json   images, annotations, categories; of several: instances_*
    DATA/SPLIT*/FILE_NAME           or DATA/images/SPLIT*/, or DATA/images/

Classes are joined by name. Objects marked as crowds are left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.dataset import EVERYTHING, LabelledPicture, Origin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def annotation_file(data: Path, split: str) -> Path | None:
    """The annotations of a split, if the data set has this layout.

    Raises:
        ConfigurationError: several files could be meant.
    """
    found = sorted((data / "annotations").glob(f"*{split}*.json"))
    # COCO itself comes with captions_ and person_keypoints_ beside them.
    found = [path for path in found if path.name.startswith("instances_")] or found
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        text = f"{data / 'annotations'}: split {split!r} is named by several files: {names}"
        raise ConfigurationError(text)
    return found[0] if found else None


def picture_folder(data: Path, split: str) -> Path:
    """Where the pictures of a split lie.

    Raises:
        ConfigurationError: nowhere.
    """
    images = data / "images"
    for folder in (*sorted(data.glob(f"{split}*")), *sorted(images.glob(f"{split}*")), images):
        if folder.is_dir():
            return folder
    text = f"{data} has no pictures of split {split!r}: expected {data / split}"
    raise ConfigurationError(text)


def read_coco(data: Path, split: str, annotations: Path, labels: Sequence[str]) -> list[Origin]:
    """Read a whole split as one origin, which labels the classes that model and data share.

    Args:
        data: folder of the data set.
        split: as in "val".
        annotations: file of the split.
        labels: of the model, which class ids become an index into.

    Raises:
        ConfigurationError: the file is not what it should be, a picture is missing, or the data
            and the model have no class in common.
    """
    try:
        content = json.loads(annotations.read_text(encoding="utf-8"))
        ids, names = _classes(content, labels)
        objects: dict[int, list[dict[str, Any]]] = {}
        for one in content["annotations"]:
            if one["category_id"] in ids and not one.get("iscrowd"):
                objects.setdefault(one["image_id"], []).append(one)
        folder = picture_folder(data, split)
        pictures = [
            _picture(folder / image["file_name"], objects.get(image["id"], []), ids)
            for image in content["images"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = f"{annotations}: not COCO annotations: {type(error).__name__}: {error}"
        raise ConfigurationError(text) from error
    if not ids:
        text = f"{data} labels {', '.join(names)}; the model knows {', '.join(labels)}"
        raise ConfigurationError(text)
    return [Origin(EVERYTHING, tuple(sorted(set(ids.values()))), tuple(pictures))]


def _classes(content: dict[str, Any], labels: Sequence[str]) -> tuple[dict[int, int], list[str]]:
    """Category id to the model's class id, and all names."""
    names = {one["id"]: str(one["name"]) for one in content["categories"]}
    ids = {index: labels.index(name) for index, name in names.items() if name in labels}
    return ids, list(names.values())


def _picture(path: Path, objects: list[dict[str, Any]], ids: dict[int, int]) -> LabelledPicture:
    boxes = np.array([one["bbox"] for one in objects], dtype=np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return LabelledPicture(
        name=path.stem,
        data=path.read_bytes(),
        boxes_xyxy=boxes,
        class_ids=np.array([ids[one["category_id"]] for one in objects], dtype=np.int64),
    )
