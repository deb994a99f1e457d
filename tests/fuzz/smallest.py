"""The smallest inputs of a corpus that still reach every line that it reaches."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

    Line = tuple[str, int, int]
    """File, line, and the line before it in the same call."""

_OURS = "/edgeserve/"
_LONGEST = 1 << 11
_MOST = 40


def smallest(run: Callable[[bytes], None], corpus: Iterable[bytes]) -> list[bytes]:
    """Short inputs, each of which reaches something that those before it do not."""
    found: list[bytes] = []
    reached: set[Line] = set()
    for data in sorted((data for data in corpus if len(data) <= _LONGEST), key=len):
        lines = _lines(run, data)
        if lines - reached:
            reached |= lines
            found.append(data)
    return found[-_MOST:]


def _lines(run: Callable[[bytes], None], data: bytes) -> set[Line]:
    lines: set[Line] = set()

    def enter(frame: FrameType, _event: str, _argument: object) -> object:
        name = frame.f_code.co_filename
        if _OURS not in name:
            return None
        before = 0

        def step(frame: FrameType, _event: str, _argument: object) -> object:
            nonlocal before
            lines.add((name, frame.f_lineno, before))
            before = frame.f_lineno
            return step

        return step

    sys.settrace(enter)  # type: ignore[arg-type]
    try:
        run(data)
    finally:
        sys.settrace(None)
    return lines
