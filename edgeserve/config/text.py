"""Settings as a TOML file that a person edits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.config.load import variable
from edgeserve.config.settings import Settings, options

if TYPE_CHECKING:
    from collections.abc import Iterator


def example() -> str:
    """Every option with its default, commented out, and what it is for."""
    return "\n".join(_lines(Settings(), comment="# ")) + "\n"


def show(settings: Settings) -> str:
    """The settings that are in force."""
    return "\n".join(_lines(settings, comment="")) + "\n"


def _lines(settings: Settings, comment: str) -> Iterator[str]:
    current = ""
    for section, name, field in options():
        if section != current:
            if current:
                yield ""
            yield f"[{section}]"
            current = section
        if comment:
            yield f"# {field.description}"
            yield f"# Also --{name.replace('_', '-')} and {variable(name, field)}."
        value = getattr(getattr(settings, section), name)
        yield f"{comment}{name} = {_literal(value)}"


def _literal(value: object) -> str:
    """A TOML value; JSON writes the same, but for floats, some characters, and their escapes."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, tuple):
        value = list(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
