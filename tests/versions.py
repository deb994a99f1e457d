"""The shipped bundle under other version numbers: real models that differ in nothing else."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from edgeserve.catalog.repository import shipped_dir

if TYPE_CHECKING:
    from pathlib import Path

NAME = "road-csp-tiny"


def write_version(
    models: Path, version: str | int, changes: tuple[tuple[str, str], ...] = ()
) -> Path:
    """A bundle at NAME/`version`, which appears there in one step; every change must hit."""
    scratch, target = models / ".scratch", models / NAME / str(version)
    shutil.copytree(shipped_dir() / NAME, scratch)
    text = (scratch / "model.toml").read_text(encoding="utf-8")
    for old, new in (('version = "1"', f'version = "{version}"'), *changes):
        assert old in text
        text = text.replace(old, new, 1)
    (scratch / "model.toml").write_text(text, encoding="utf-8")
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch.rename(target)
    return target
