"""Imports without what they bring along for others."""

from __future__ import annotations

import ssl
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def without(module: str) -> Iterator[None]:
    """Import in here what tries a module of its own and does without it where it is not there.

    Whoever imports that module later finds it.
    """
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment] # Python's word for: cannot be imported
    try:
        yield
    finally:
        del sys.modules[module]


@contextmanager
def without_authorities() -> Iterator[None]:
    """Import in here what makes TLS contexts for a client that nobody uses: they trust nobody.

    Reading the system's certificate authorities takes 20 ms and a megabyte for each, and aiohttp
    makes two. Other threads read them as ever. A plug-in that uses that client brings a context.
    """
    here = threading.get_ident()
    read = ssl.SSLContext.set_default_verify_paths

    def read_elsewhere(context: ssl.SSLContext) -> None:
        if threading.get_ident() != here:
            read(context)

    ssl.SSLContext.set_default_verify_paths = read_elsewhere  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        ssl.SSLContext.set_default_verify_paths = read  # type: ignore[method-assign]
