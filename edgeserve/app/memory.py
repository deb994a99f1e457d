"""Memory that was freed, back to the system."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Have the allocator return what it keeps, where it can (glibc).

    A model's weights and buffers are spread over the arenas of many threads, which would keep
    them for the next allocation of their size.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
