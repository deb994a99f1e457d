"""The memory of a process that runs for years: kept in few places, and given back."""

from __future__ import annotations

import ctypes
import gc
import os

_M_ARENA_MAX = -8
"""malloc.h's number for it."""
_ARENAS = 2
_ARENAS_VARIABLE = "MALLOC_ARENA_MAX"
"""Whoever sets it knows better."""


def settle() -> None:
    """Set up allocator and collector, once, when the server is imported and no thread is busy.

    Threads that come and go, as a camera's, would each take an arena of glibc's allocator, and
    leave it full of holes: two serve all of them as fast. What there is now, modules above all, is
    taken out of all later collections, of which a full one is ten times as fast then (on a server
    it took 30 ms, in which nothing else runs).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and _ARENAS_VARIABLE not in os.environ:
        mallopt(_M_ARENA_MAX, _ARENAS)
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Free what only circles hold, and have the allocator return what it keeps (glibc).

    An error knows the frames that it went through, and they know the models of then; gRPC keeps
    errors in circles, which would wait for a collection that comes when it likes. What a model
    was, or was compiled from, would stay for the next allocation of its size.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
