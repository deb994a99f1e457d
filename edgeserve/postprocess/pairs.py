"""Which (box, class) pairs score above a threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.postprocess.scores import logit, sigmoid

if TYPE_CHECKING:
    from numpy.typing import NDArray


def places_above(
    values: NDArray[np.float32],
    bound: float,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of what is above the bound, row by row.

    As `numpy.nonzero`, which walks two axes ten times as slowly as one.
    """
    places = np.flatnonzero(values > bound)
    rows, columns = np.divmod(places, values.shape[1])
    return rows, columns


def pairs_above(
    scores: NDArray[np.float32],
    threshold: float,
    *,
    logits: bool,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Every pair above the threshold.

    Args:
        scores: (N, C), in any memory order.
        threshold: 0..1.
        logits: whether a sigmoid is still to come; only survivors get it.

    Returns:
        Row, column and score of each pair.
    """
    bound = logit(threshold) if logits else threshold
    # Looked through in the order of memory: a transposed view would cost several times as much.
    if scores.strides[0] >= scores.strides[1]:
        rows, columns = places_above(scores, bound)
    else:
        columns, rows = places_above(scores.T, bound)
    found = scores[rows, columns]
    return rows, columns, sigmoid(found) if logits else found


def objects_above(
    objectness: NDArray[np.float32],
    class_scores: NDArray[np.float32],
    threshold: float,
    *,
    logits: bool,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Every pair whose objectness times class score is above the threshold.

    Both factors are at most 1: rows whose objectness is not above it are not looked at.

    Args:
        objectness: (N,).
        class_scores: (N, C).
        threshold: 0..1.
        logits: whether sigmoids are still to come.

    Returns:
        Row, column and score of each pair.
    """
    likely = np.flatnonzero(objectness > (logit(threshold) if logits else threshold))
    first, second = objectness[likely], class_scores[likely]
    if logits:
        first, second = sigmoid(first), sigmoid(second)
    with np.errstate(over="ignore", invalid="ignore"):
        scores = first[:, None] * second
    rows, columns = places_above(scores, threshold)
    return likely[rows], columns, scores[rows, columns]
