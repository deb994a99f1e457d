"""Whether files have changed since somebody last looked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class FileChanges:
    """Compares size, time and inode: no file is read."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Watch these files from now on."""
        self._paths = tuple(paths)
        self._known = self._look()

    def seen(self) -> bool:
        """Whether a file has changed, come or gone since this was last asked."""
        now = self._look()
        changed = now != self._known
        self._known = now
        return changed

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(map(_signature, self._paths))


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        # Through links: a mounted secret is replaced by pointing its link elsewhere.
        found = os.stat(path)  # noqa: PTH116 - of a path, following links, in one call
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
