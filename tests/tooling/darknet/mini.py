"""Small networks with random weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.tooling.darknet.plain_reading import Invented, head_maps

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tooling.darknet.plain_reading import Map

WIDTH_PX, HEIGHT_PX = 32, 16
NET = f"""[net]
batch=1
width={WIDTH_PX}
height={HEIGHT_PX}
channels=3
"""
FIRST = """
[convolutional]
batch_normalize=1
filters=8
size=3
stride=2
pad=1
activation=leaky
"""
LAST = """
[convolutional]
filters=14
size=1
stride=1
pad=1
activation=linear

[yolo]
mask=1,2
anchors=2,3, 4,5, 6,7
num=3
classes=2
"""
"""Two boxes a cell, two classes."""


def write(
    folder: Path,
    cfg: str,
    *,
    version: tuple[int, int] = (0, 2),
    seed: int = 0,
) -> tuple[Path, Path, Map, list[Map]]:
    """Write `mini.cfg` with weights for it.

    Returns:
        The two paths, a picture (3, height, width) 0..1, and the maps that the heads read.
    """
    size = (3, HEIGHT_PX, WIDTH_PX)
    if "width=16" in cfg:
        size = (3, 16, 16)
    picture = np.random.default_rng(seed).random(size)
    numbers = Invented(seed)
    maps = head_maps(cfg, picture, numbers)
    (folder / "mini.cfg").write_text(cfg, encoding="utf-8")
    (folder / "mini.weights").write_bytes(numbers.file(version))
    return folder / "mini.cfg", folder / "mini.weights", picture, maps
