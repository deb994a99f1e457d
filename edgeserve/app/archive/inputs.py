"""Which files an archive has, and where the result of each belongs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.app.archive.task import Task
from edgeserve.cameras.pictures import PICTURE_SUFFIXES
from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VIDEO_SUFFIXES = (
    ".avi", ".m4v", ".mjpeg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm",
)  # fmt: skip
SUFFIX = ".jsonl"


def tasks_of(paths: Sequence[Path], results: Path) -> list[Task]:
    """A task for each file that is named, and for each picture or video in folders.

    Args:
        paths: files, whatever their names, and folders, which are searched to their depths.
        results: a file's result is there under its name and `.jsonl`; of a folder, under its path
            from there.

    Raises:
        ConfigurationError: there is none, or two would have the same result.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        for source, name in _files(path) if path.is_dir() else [(path, Path(path.name))]:
            result = results.absolute() / name.with_name(name.name + SUFFIX)
            other = found.setdefault(result, source.absolute())
            if other != source.absolute():
                text = (
                    f"{other} and {source} would have the same result, {result}; give their common "
                    "folder, or a folder of results to each"
                )
                raise ConfigurationError(text)
    if not found:
        accepted = ", ".join((*PICTURE_SUFFIXES, *VIDEO_SUFFIXES))
        text = (
            f"there is no picture and no video in {', '.join(map(str, paths))}; expected files "
            f"ending in {accepted}"
        )
        raise ConfigurationError(text)
    return [Task(source, result) for result, source in found.items()]


def _files(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Pictures and videos below a folder in the order of their names, and their paths from it."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            if path.suffix.lower() in {*PICTURE_SUFFIXES, *VIDEO_SUFFIXES}:
                yield path, path.relative_to(folder)
