"""Memory for decoded pixels that is used again for the next picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KEPT_BYTES = 1 << 25
"""A 4K picture fits; a larger one must not stay in the memory of every worker."""


class PixelBuffer:
    """Grows to the largest picture so far. One instance a thread.

    A picture of a megabyte is more than the allocator keeps: fresh memory is mapped and cleared
    for each frame, page by page.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._memory = np.empty(0, dtype=np.uint8)

    def take(self, size_bytes: int) -> NDArray[np.uint8]:
        """Memory of at least this size; valid until the next call."""
        if size_bytes > _KEPT_BYTES:
            return np.empty(size_bytes, dtype=np.uint8)
        if size_bytes > self._memory.size:
            self._memory = np.empty(size_bytes, dtype=np.uint8)
        return self._memory
