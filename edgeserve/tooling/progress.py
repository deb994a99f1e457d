"""How far a tool has come, on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_T = TypeVar("_T")
_WIDTH = 30


def progress(items: Collection[_T], title: str) -> Iterator[_T]:
    """Hand out the items and draw a bar; only on a terminal, where it can be drawn over."""
    shown = sys.stderr.isatty()
    for index, item in enumerate(items):
        if shown:
            _draw(title, index, len(items))
        yield item
    if shown:
        _draw(title, len(items), len(items))
        sys.stderr.write("\n")


def say(text: str) -> None:
    """Write one line."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _draw(title: str, done: int, total: int) -> None:
    filled = _WIDTH * done // max(1, total)
    bar = "#" * filled + "." * (_WIDTH - filled)
    sys.stderr.write(f"\r{title} [{bar}] {done}/{total}")
    sys.stderr.flush()
