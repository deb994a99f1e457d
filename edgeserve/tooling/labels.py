"""Labelled pictures in whichever layout a data set has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.tooling.coco import annotation_file, read_coco
from edgeserve.tooling.dataset import read_split

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgeserve.tooling.dataset import Origin


def read_labelled(data: Path, split: str, labels: Sequence[str]) -> list[Origin]:
    """Read a split by its COCO annotations, if there are any, else as YOLO text.

    Raises:
        ConfigurationError: see `read_coco` and `read_split`.
    """
    annotations = annotation_file(data, split)
    if annotations is not None:
        return read_coco(data, split, annotations, labels)
    return read_split(data, split, labels)
