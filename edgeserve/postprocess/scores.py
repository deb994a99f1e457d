"""Scores as probabilities and as logits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def logit(probability: float) -> float:
    """The logit whose sigmoid is `probability`; infinite at 0 and 1 and beyond."""
    if probability <= 0:
        return -math.inf
    if probability >= 1:
        return math.inf
    return math.log(probability / (1 - probability))


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of logits; beyond the reach of exp they are 0."""
    with np.errstate(over="ignore"):
        probabilities = 1 / (1 + np.exp(-logits))
    return probabilities.astype(np.float32, copy=False)
