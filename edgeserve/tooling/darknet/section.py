"""One section of a cfg file: its values by key, and refusals that name section and line."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Entry:
    """A value and the line that it stands on."""

    value: str
    line: int


class Section:
    """Values by key. Its reader asks for every key that it understands, then finishes."""

    def __init__(self, path: Path, name: str, index: int, line: int) -> None:
        """Begin an empty section.

        Args:
            path: of the file, for refusals.
            name: between the brackets.
            index: of the layer as Darknet counts; -1 for [net].
            line: of the brackets.
        """
        self.name = name
        self.index = index
        self._path = path
        self._line = line
        self._entries: dict[str, Entry] = {}
        self._asked: set[str] = set()

    def add(self, key: str, entry: Entry) -> None:
        """Take a line of the section.

        Raises:
            ConfigurationError: the key has another value already.
        """
        first = self._entries.setdefault(key, entry)
        if first.value != entry.value:
            what = f"{key} is {first.value!r:.80} on line {first.line} and {entry.value!r:.80} here"
            self.refuse(what, key, line=entry.line)

    def refuse(self, what: str, key: str = "", *, line: int = 0) -> NoReturn:
        """Name file, line and section; the line is that of the key if it stands there.

        Raises:
            ConfigurationError: always.
        """
        entry = self._entries.get(key)
        line = line or (entry.line if entry else self._line)
        name = f"[{self.name:.40}]" if self.index < 0 else f"layer {self.index} [{self.name:.40}]"
        text = f"{self._path}, line {line}: {name}: {what}"
        raise ConfigurationError(text)

    def has(self, key: str) -> bool:
        """Whether the section says something of the key."""
        return key in self._entries

    def word(self, key: str, default: str) -> str:
        """A value as it stands."""
        self._asked.add(key)
        entry = self._entries.get(key)
        return default if entry is None else entry.value

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number from low to high.

        Raises:
            ConfigurationError: it is not.
        """
        value = self.word(key, str(default))
        if not _INTEGER.fullmatch(value) or not low <= int(value) <= high:
            there = f"{value!r:.80}" if self.has(key) else "missing"
            what = f"{key} is {there}, expected a whole number from {low} to {high}"
            self.refuse(what, key)
        return int(value)

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """A number from low to high.

        Raises:
            ConfigurationError: it is not.
        """
        value = self._float(key, self.word(key, str(default)))
        if not low <= value <= high:
            what = f"{key} is {value:g}, expected a number from {low:g} to {high:g}"
            self.refuse(what, key)
        return value

    def integers(self, key: str) -> tuple[int, ...]:
        """Whole numbers, separated by commas. At least one.

        Raises:
            ConfigurationError: one is not, or the key is missing.
        """
        parts = self._parts(key)
        for part in parts:
            if not _INTEGER.fullmatch(part):
                what = f"{key} holds {part!r:.80}, expected whole numbers separated by commas"
                self.refuse(what, key)
        return tuple(int(part) for part in parts)

    def numbers(self, key: str) -> tuple[float, ...]:
        """Numbers, separated by commas. At least one.

        Raises:
            ConfigurationError: one is not, or the key is missing.
        """
        return tuple(self._float(key, part) for part in self._parts(key))

    def expect(self, key: str, neutral: int) -> None:
        """Take a key only with the value that does nothing.

        Raises:
            ConfigurationError: the cfg wants what this importer does not have.
        """
        value = self.word(key, str(neutral))
        if value != str(neutral):
            what = f"{key}={value:.80} is not supported, only {key}={neutral} is"
            self.refuse(what, key)

    def finish(self, harmless: Collection[str]) -> None:
        """Refuse what nobody has asked for, unless it matters in training only.

        Raises:
            ConfigurationError: a key is unknown.
        """
        for key in self._entries:
            if key not in self._asked and key not in harmless:
                what = (
                    f"key {key!r:.80} is unknown and may change what the network computes; "
                    "if it matters in training only, delete the line"
                )
                self.refuse(what, key)

    def _parts(self, key: str) -> list[str]:
        value = self.word(key, "")
        if not value:
            what = f"{key} is missing, expected numbers separated by commas"
            self.refuse(what, key)
        return value.rstrip(",").split(",")

    def _float(self, key: str, value: str) -> float:
        number = float(value) if _NUMBER.fullmatch(value) else math.nan
        if not math.isfinite(number):
            self.refuse(f"{key} holds {value!r:.80}, expected a number", key)
        return number
