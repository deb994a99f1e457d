"""Which of two sets belong together, so that the sum of gains is the largest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def assign(gains: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pair rows with columns, each used once at most, for the largest sum of gains.

    Exact. Most objects of a picture have one candidate, which has no other: those are paired at
    once, and only what is contested goes through the search.

    Args:
        gains: (R, C) finite; pairs of 0 or less are never made.

    Returns:
        Rows and columns of the pairs, in rising order of rows.
    """
    possible = gains > 0
    certain = possible & (possible.sum(axis=1)[:, None] == 1) & (possible.sum(axis=0)[None] == 1)
    possible &= ~certain
    rows, columns = np.nonzero(possible.any(axis=1))[0], np.nonzero(possible.any(axis=0))[0]
    chosen = certain.copy()
    if len(rows):
        contested = np.maximum(gains[np.ix_(rows, columns)], 0)
        flip = len(rows) > len(columns)
        cheapest = _cheapest(-contested.T if flip else -contested)
        first, second = (columns, rows) if flip else (rows, columns)
        for index, other in enumerate(cheapest.tolist()):
            row, column = (second[other], first[index]) if flip else (first[index], second[other])
            chosen[row, column] = possible[row, column]
    pairs = np.nonzero(chosen)
    return pairs[0], pairs[1]


def _cheapest(costs: NDArray[np.float64]) -> NDArray[np.intp]:
    """A column for each row of (R, C), R <= C: the Hungarian method by shortest paths.

    Row by row, the cheapest path of changes that frees a column for it is found and taken;
    potentials keep all reduced costs at 0 or more. O(R² C).
    """
    count, width = costs.shape
    row_potential, column_potential = np.zeros(count), np.zeros(width)
    row_of = np.full(width, -1, dtype=np.intp)
    column_of = np.full(count, -1, dtype=np.intp)
    for start in range(count):
        distance = np.full(width, np.inf)
        before = np.full(width, start, dtype=np.intp)
        done = np.zeros(width, dtype=bool)
        row, reached, column = start, 0.0, -1
        while row >= 0:
            through = reached + costs[row] - row_potential[row] - column_potential
            shorter = ~done & (through < distance)
            distance[shorter], before[shorter] = through[shorter], row
            column = int(np.where(done, np.inf, distance).argmin())
            reached = float(distance[column])
            done[column] = True
            row = int(row_of[column])
        visited = np.nonzero(done & (row_of >= 0))[0]
        row_potential[start] += reached
        row_potential[row_of[visited]] += reached - distance[visited]
        column_potential[done] -= reached - distance[done]
        while column >= 0:
            row = int(before[column])
            row_of[column] = row
            column, column_of[row] = int(column_of[row]), column
    return column_of
