"""Pairs for the largest sum of gains."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from edgeserve.tracking.assignment import assign

if TYPE_CHECKING:
    from numpy.typing import NDArray

GAINS = npst.arrays(
    np.float64,
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
    elements=st.sampled_from([-1.0, 0.0, 0.1, 0.25, 0.5, 0.7]) | st.floats(-1, 1),
)


def best(gains: NDArray[np.float64]) -> float:
    """The largest sum, by trying all ways."""
    if gains.shape[0] > gains.shape[1]:
        gains = gains.T
    useful = np.maximum(gains, 0)
    rows = np.arange(gains.shape[0])
    ways = permutations(range(gains.shape[1]), gains.shape[0])
    return max(float(useful[rows, list(way)].sum()) for way in ways)


@given(GAINS)
def test_no_other_pairs_gain_more(gains: NDArray[np.float64]) -> None:
    rows, columns = assign(gains)
    assert len(set(rows.tolist())) == len(rows)
    assert len(set(columns.tolist())) == len(columns)
    assert (gains[rows, columns] > 0).all()
    assert float(gains[rows, columns].sum()) == pytest.approx(best(gains))


def test_a_greedy_choice_would_gain_less() -> None:
    rows, columns = assign(np.array([[0.9, 0.8], [0.8, 0.1]]))
    assert list(zip(rows, columns, strict=True)) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("size", [1, 7, 60])
def test_large_contested_sets_agree_with_another_implementation(size: int) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    generator = np.random.default_rng(size)
    for shape in ((size, size), (size, size + 9), (size + 9, size)):
        gains = generator.random(shape)
        assert gains[assign(gains)].sum() == pytest.approx(
            gains[optimize.linear_sum_assignment(gains, maximize=True)].sum()
        )
