"""Choices out of an input's bytes; an input that has ended gives zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Reader:
    """Takes an input from its beginning."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def number(self, size_bytes: int = 1) -> int:
        taken = self._data[self._position : self._position + size_bytes]
        self._position += size_bytes
        return int.from_bytes(taken, "little")

    def choice(self, values: Sequence[T]) -> T:
        return values[self.number() % len(values)]

    def rest(self) -> bytes:
        return self._data[self._position :]
