"""The cells of an anchor-free head."""

from __future__ import annotations

import numpy as np
import pytest

from edgeserve.geometry.grid import cell_centres


@pytest.mark.parametrize(("side_px", "cells"), [(320, 2100), (416, 3549), (640, 8400)])
def test_cells_of_a_square_input(side_px: int, cells: int) -> None:
    centres, strides = cell_centres(side_px, side_px, (8, 16, 32))
    assert centres.shape == (cells, 2)
    assert centres.dtype == strides.dtype == np.float32
    np.testing.assert_array_equal(centres[0], [4, 4])
    np.testing.assert_array_equal(centres[-1], [side_px - 16, side_px - 16])
    counts = [(side_px // stride) ** 2 for stride in (8, 16, 32)]
    np.testing.assert_array_equal(strides, np.repeat([8, 16, 32], counts))


def test_a_level_goes_row_by_row() -> None:
    centres, strides = cell_centres(48, 32, (16, 32))
    level_16 = [[x, y] for y in (8, 24) for x in (8, 24, 40)]
    np.testing.assert_array_equal(centres, [*level_16, [16, 16]])
    np.testing.assert_array_equal(strides, [16] * 6 + [32])
