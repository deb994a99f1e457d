"""The cells of an anchor-free head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def cell_centres(
    width_px: int,
    height_px: int,
    strides: Sequence[int],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Centres and strides of all cells, level by level, row by row.

    Args:
        width_px: of the model input.
        height_px: of the model input.
        strides: model pixels a cell, one a level.

    Returns:
        centres (N, 2) float32 as x, y in model pixels, and strides (N,) float32.
    """
    centres, sizes = [], []
    for stride in strides:
        columns, rows = width_px // stride, height_px // stride
        y, x = np.mgrid[:rows, :columns].astype(np.float32)
        centres.append((np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * stride)
        sizes.append(np.full(rows * columns, stride, dtype=np.float32))
    return np.concatenate(centres).astype(np.float32), np.concatenate(sizes)
