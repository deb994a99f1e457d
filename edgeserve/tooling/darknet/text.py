"""A cfg file's text as sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.darknet.section import Entry, Section

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES = 1 << 20
_MAX_SECTIONS = 2000


def read_sections(path: Path) -> list[Section]:
    """Split a cfg file. The first section is [net], index -1; the others are layers 0, 1, ….

    As Darknet reads it: spaces count for nothing, and a line that begins with # or ; is a remark.

    Raises:
        ConfigurationError: the file cannot be read, is no text, or a line is neither a section
            nor key=value.
    """
    sections: list[Section] = []
    for number, raw in enumerate(_text(path).split("\n"), start=1):
        line = "".join(raw.split("#", maxsplit=1)[0].split())
        if not line or line.startswith(";"):
            continue
        if not line.isprintable():
            raise _wrong(path, number, f"{line!r:.80} holds characters that are no text")
        if line.startswith("["):
            if not line.endswith("]"):
                raise _wrong(path, number, f"{line:.80} is no section, expected [name]")
            if len(sections) > _MAX_SECTIONS:
                raise _wrong(path, number, f"more than {_MAX_SECTIONS} sections")
            sections.append(Section(path, line[1:-1], len(sections) - 1, number))
            continue
        key, equals, value = line.partition("=")
        if not equals or not key:
            raise _wrong(path, number, f"{line:.80} is neither [section] nor key=value")
        if not sections:
            raise _wrong(path, number, f"{key:.80} stands before the first section, [net]")
        sections[-1].add(key, Entry(value, number))
    if not sections or sections[0].name not in {"net", "network"}:
        text = f"{path}: not a Darknet cfg file: expected it to begin with [net]"
        raise ConfigurationError(text)
    return sections


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        text = f"{path}: cannot be read: {error.strerror}"
        raise ConfigurationError(text) from error
    if len(data) > _MAX_BYTES:
        text = f"{path}: larger than {_MAX_BYTES} bytes, which no Darknet cfg file is"
        raise ConfigurationError(text)
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = f"{path}: not a Darknet cfg file: byte {error.start} is no UTF-8 text"
        raise ConfigurationError(text) from error
    return content


def _wrong(path: Path, line: int, what: str) -> ConfigurationError:
    return ConfigurationError(f"{path}, line {line}: {what}")
