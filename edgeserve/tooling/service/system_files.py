"""What a service has outside of its own folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from edgeserve.tooling.service.layout import shipped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgeserve.tooling.service.layout import Layout

_SECRET_MODE = 0o640
_MODE = 0o644


def write(
    layout: Layout, generated: Mapping[tuple[str, ...], str], configuration: str
) -> list[Path]:
    """Write the files of this version; a configuration that is there stays as it is.

    Args:
        layout: where they go.
        generated: texts by the command that prints them, for each of `Layout.generated`.
        configuration: what an operator begins with.

    Returns:
        What was written.
    """
    texts = {
        layout.unit: shipped("edgeserve.service"),
        layout.sysusers: shipped("edgeserve.sysusers.conf"),
        layout.tmpfiles: shipped("edgeserve.tmpfiles.conf"),
    }
    texts |= {path: generated[words] for words, path in layout.generated.items()}
    for path, text in texts.items():
        _write(path, text, _MODE)
    written = list(texts)
    if not layout.configuration.exists():
        _write(layout.configuration, configuration, _SECRET_MODE)
        written.append(layout.configuration)
    if not os.path.lexists(layout.command):
        layout.command.parent.mkdir(parents=True, exist_ok=True)
        layout.command.symlink_to(_target(layout))
        written.append(layout.command)
    return written


def is_ours(command: Path, layout: Layout) -> bool:
    """Whether a command is the link that `write` made."""
    return command.is_symlink() and str(command.readlink()) == _target(layout)


def _target(layout: Layout) -> str:
    """Relative, so that it holds in an image and in the system made of it."""
    return os.path.relpath(layout.program, layout.command.parent)


def _write(path: Path, text: str, mode: int) -> None:
    """Put a whole file in the place of an old one: a reader sees either."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.touch(mode=mode)
    fresh.chmod(mode)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
