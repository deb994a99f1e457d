"""Classes that a model writes as numbers into its output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def written_class_ids(
    values: NDArray[np.float32],
    classes: int,
    *,
    background: bool,
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Class ids from their float form.

    Args:
        values: (N,) as the model wrote them, rounded where they are not whole.
        classes: how many labels there are.
        background: whether 0 means nothing and the labels begin at 1.

    Returns:
        (N,) bool, which of them have a label; and the ids of these.
    """
    # -1 and NaN are what models write into rows that they do not use.
    ids = np.rint(values) - (1 if background else 0)
    known = (ids >= 0) & (ids < classes)
    return known, ids[known].astype(np.int64)
