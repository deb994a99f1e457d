"""Distributions that overwrite each other: every build of ONNX Runtime owns the same folder."""

from __future__ import annotations

import re
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = "onnxruntime"
_NAME_LINE = re.compile(r"^Name: *(\S+)", re.MULTILINE)
_NAMES = re.compile(r"^(onnxruntime|ort)\b")


def check_distributions() -> None:
    """Refuse an environment in which builds of ONNX Runtime lie over each other.

    What is imported then is a mixture: the provider that was asked for may be gone, or half there.

    Raises:
        ConfigurationError: two or more are installed; the text has the command that mends it.
    """
    found = onnxruntime_distributions()
    if len(found) < 2:  # noqa: PLR2004 - one is what it should be
        return
    names = sorted(found)
    # Who has a special build besides the plain one wanted that.
    kept = next((name for name in names if name != _FOLDER), names[0])
    text = (
        f"{' and '.join(f'{name} {found[name]}' for name in names)} are installed together and "
        f"overwrite each other (all own the folder {_FOLDER}); keep one: "
        f"pip uninstall -y {' '.join(names)} && pip install {kept}=={found[kept]}"
    )
    raise ConfigurationError(text)


@cache
def onnxruntime_distributions() -> Mapping[str, str]:
    """Versions of the installed distributions that bring the module, by name."""
    found: dict[str, str] = {}
    for one in metadata.distributions():
        name = re.sub(r"[-_.]+", "-", _name(one).lower())
        if _NAMES.match(name) and _owns(one):
            found.setdefault(name, one.version)  # the first on the path is the one that counts
    return found


def _name(distribution: metadata.Distribution) -> str:
    """As it is written; empty for a broken one, of which nothing can be read."""
    # `Distribution.name` parses all that is known of it, which of all of them takes 0.1 s.
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    found = _NAME_LINE.search(text)
    return found[1] if found else ""


def _owns(distribution: metadata.Distribution) -> bool:
    tops = (distribution.read_text("top_level.txt") or "").split()
    files = distribution.files or ()
    return _FOLDER in tops or any(str(file) == f"{_FOLDER}/__init__.py" for file in files)
