"""The memory of a process that runs for years: kept in few places, and given back."""

from __future__ import annotations

import ctypes
import gc
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMITS = (("MALLOC_ARENA_MAX", -8, 2), ("MALLOC_MMAP_THRESHOLD_", -3, 128 * 1024))
"""Variable of the environment (whoever sets it knows better), malloc.h's number, and value."""


def limit_allocator() -> None:
    """Have glibc's allocator keep less of what is freed; to be called before there are threads.

    Threads that come and go, as a camera's, would each take an arena, and leave it full of holes:
    two serve all of them as fast. And large blocks, as a model's weights, are mapped one by one,
    and so are gone when they are freed: left alone, the allocator raises the size from which it
    does so to that of the largest one freed, and keeps all below in its heap.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for variable, number, value in _LIMITS:
        if variable not in os.environ:
            mallopt(number, value)


@contextmanager
def lasting() -> Iterator[None]:
    """Make in here what stays for good, as imports do: nobody looks for garbage in it, ever.

    That takes an eighth of the time from a server's imports, and a full collection takes 3 ms
    later instead of 30, in which nothing else runs.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


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
