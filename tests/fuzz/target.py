"""What can be fuzzed: a function that takes any bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LONGEST_ERROR = 2_100
"""Bytes of an error's text, which may quote its input."""


@dataclass(frozen=True, slots=True)
class Target:
    """One reader of bytes from outside.

    Attributes:
        run: takes an input; whatever it raises is a finding.
        seeds: good inputs to begin with, by name.
        found: inputs that were findings once, by what was wrong.
        words: that mutations put in.
        longest: input that mutations make, in bytes.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], Mapping[str, bytes]]
    found: Callable[[], Mapping[str, bytes]] = dict
    words: tuple[bytes, ...] = ()
    longest: int = 2048


def check_told(error: Exception) -> None:
    """Hold an error to what its reader needs: it says something, and not too much."""
    size_bytes = len(str(error).encode("utf-8", "replace"))
    assert 0 < size_bytes <= _LONGEST_ERROR, f"{type(error).__name__} of {size_bytes} bytes"
