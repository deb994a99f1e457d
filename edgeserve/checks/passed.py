"""Which checks were passed on this machine. A convenience: to lose it costs a check, no more."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger(__name__)
_FOLDER = "checks"
_SUFFIX = ".json"
_MOST_FILES = 64


class PassedChecks:
    """A folder with a small file for each check that was passed; the oldest make way."""

    def __init__(self, cache_dir: Path) -> None:
        """Use a folder inside the cache directory; it is made when it is needed."""
        self._folder = cache_dir / _FOLDER

    def __contains__(self, fingerprint: str) -> bool:
        """Whether that check was passed."""
        try:
            return (self._folder / f"{fingerprint}{_SUFFIX}").is_file()
        except OSError:
            return False

    def add(self, fingerprint: str, facts: Mapping[str, object]) -> None:
        """Keep that a check was passed, with facts for people. A disk that refuses is logged."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(self._folder / f"{fingerprint}{_SUFFIX}", json.dumps(facts))
            self._prune()
        except OSError as error:
            _log.warning(
                "%s cannot be written, the next start checks again: %s", self._folder, error
            )

    def _write(self, path: Path, text: str) -> None:
        """Write a whole file or none."""
        handle, scratch = tempfile.mkstemp(dir=self._folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(scratch).replace(path)
        except OSError:
            Path(scratch).unlink(missing_ok=True)
            raise

    def _prune(self) -> None:
        files = sorted(self._folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime_ns)
        for path in files[:-_MOST_FILES]:
            path.unlink(missing_ok=True)
