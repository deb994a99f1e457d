"""Compiled models on disk: a convenience that is bounded and never stops a model."""

from __future__ import annotations

import logging
import shutil
import tempfile
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgeserve.engines.options import EngineOptions

_log = logging.getLogger(__name__)
_FOLDER = "compiled"
_SUFFIXES = {".blob", ".cl_cache", ".engine", ".profile", ".timing"}
"""Written by OpenVINO and TensorRT. Nothing else is ever deleted."""
_LEAST_FREE_BYTES = 32 << 20
_MEGA = 1 << 20


@contextmanager
def compile_cache(options: EngineOptions, runtime: str) -> Iterator[Path | None]:
    """The folder in which a runtime may keep what it compiles.

    It is pruned to `max_cache_mb` before and behind, oldest files first. None where there is
    none: switched off, not writable, or the disk is full; the log says which.
    """
    folder = None
    if options.max_cache_mb:
        try:
            folder = _prepared(options.cache_dir / _FOLDER / runtime)
            _prune(options)
        except OSError as error:
            folder = None
            _log.warning("no compile cache in %s, models load slower: %s", options.cache_dir, error)
    yield folder
    if folder is not None:
        with suppress(OSError):
            _prune(options)


def _prepared(folder: Path) -> Path:
    # Compiled code is loaded from here: nobody else may put it there.
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass
    free = shutil.disk_usage(folder).free
    if free < _LEAST_FREE_BYTES:
        text = f"{free // _MEGA} MB are free and {_LEAST_FREE_BYTES // _MEGA} MB are wanted"
        raise OSError(text)
    return folder


def _prune(options: EngineOptions) -> None:
    files = [
        (status.st_mtime_ns, status.st_size, path)
        for path in (options.cache_dir / _FOLDER).rglob("*")
        if path.suffix in _SUFFIXES and (status := path.stat())
    ]
    excess_bytes = sum(size for _, size, _ in files) - options.max_cache_mb * _MEGA
    for _, size, path in sorted(files):
        if excess_bytes <= 0:
            break
        path.unlink(missing_ok=True)
        excess_bytes -= size
