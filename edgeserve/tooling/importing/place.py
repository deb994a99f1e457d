"""Where a new bundle lies: OUT/NAME/VERSION."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def bundle_name(wanted: str, path: Path) -> str:
    """The user's name, else the file's with what a name may not hold left out.

    Raises:
        ConfigurationError: the user's is none.
    """
    if wanted:
        return _checked("name", wanted)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("._-")[:100]
    return name or "model"


def bundle_version(wanted: str, folder: Path) -> str:
    """The user's version, else the number after the highest in the model's folder.

    Raises:
        ConfigurationError: the user's is none, or is there already.
    """
    if not wanted:
        numbers = [int(path.name) for path in folder.glob("*") if path.name.isdigit()]
        return str(max(numbers, default=0) + 1)
    if (folder / _checked("version", wanted)).exists():
        text = f"{folder / wanted} is there already; choose another --version or remove it"
        raise ConfigurationError(text)
    return wanted


def _checked(what: str, text: str) -> str:
    if _NAME.fullmatch(text) is None:
        message = f"{what} {text!r:.120} is none; expected letters, digits and . _ - (at most 100)"
        raise ConfigurationError(message)
    return text
