"""Where in a TOML text each key is written, which `tomllib` does not tell."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Place = tuple[str | int, ...]
"""Keys, and positions in lists, from the top: ("camera", 0, "zones", 1, "name")."""


def line_numbers(text: str) -> dict[Place, int]:
    """The line, from 1, on which each key, table and table of an array begins.

    Args:
        text: valid TOML.
    """
    found: dict[Place, int] = {}
    lengths: dict[Place, int] = {}
    table: Place = ()
    for number, statement, tables in _statements(text):
        if statement.lstrip().startswith("["):
            table = _entered(tables, lengths)
            found.setdefault(table, number)
        else:
            for path in _paths(tables, table):
                found.setdefault(path, number)
    return found


def line_of(path: Place, lines: Mapping[Place, int]) -> int | None:
    """The line of a key or, where it is not written, of the nearest table around it."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Each statement with the line on which it begins: the fewest lines that are TOML alone."""
    begin, waiting = 1, ""
    for number, line in enumerate(text.split("\n"), 1):
        waiting += line + "\n"
        try:
            tables = tomllib.loads(waiting)
        except tomllib.TOMLDecodeError:
            continue
        yield begin, waiting, tables
        begin, waiting = number + 1, ""


def _entered(header: dict[str, Any], lengths: dict[Place, int]) -> Place:
    """The table that a header begins; `lengths` counts the tables of each array so far."""
    path: Place = ()
    while header:
        ((key, value),) = header.items()
        path = (*path, key)
        if isinstance(value, list):
            lengths[path] = lengths.get(path, 0) + 1
            (value,) = value
        if path in lengths:
            path = (*path, lengths[path] - 1)
        header = value
    return path


def _paths(value: object, path: Place) -> Iterator[Place]:
    """Every key and position under a value."""
    parts: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(value, dict):
        parts = iter(value.items())
    elif isinstance(value, list):
        parts = iter(enumerate(value))
    for key, part in parts:
        yield (*path, key)
        yield from _paths(part, (*path, key))
