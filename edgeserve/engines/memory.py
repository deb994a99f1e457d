"""Memory that was freed, back to the system."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Have the allocator return what it keeps, where it can (glibc).

    What a model was, or was compiled from, is spread over the arenas of many threads, which would
    keep it for the next allocation of its size.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
