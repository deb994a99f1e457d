"""Pictures from the disk: their bytes as they are, decoded by whoever takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.cameras.source import Source
from edgeserve.domain.errors import ConfigurationError, NotAvailableError
from edgeserve.domain.frame import EncodedFrame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


class Pictures(Source):
    """Picture files, one frame each, in the order given."""

    fps = None

    def __init__(self, name: str, paths: Sequence[Path]) -> None:
        """Keep the paths; a file is read when its turn comes."""
        self.name = name
        self.paths = tuple(paths)
        self.frame_count = len(self.paths)

    def __iter__(self) -> Iterator[EncodedFrame]:
        """Give each file's bytes, unchanged; the encoding is told from them (AUTO).

        Raises:
            NotAvailableError: a file cannot be read.
        """
        for frame_id, path in enumerate(self.paths):
            yield EncodedFrame(frame_id, _read(path))


def is_picture(path: Path) -> bool:
    """Whether the name ends as a picture's does, in any case."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def pictures_in(folder: Path) -> Pictures:
    """Take the pictures directly in `folder`, sorted by name; other files are passed over.

    Raises:
        NotAvailableError: the folder cannot be listed.
        ConfigurationError: there is no picture in it.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if is_picture(path) and path.is_file())
    except OSError as error:
        text = f"the folder {folder} cannot be listed: {error.strerror}"
        raise NotAvailableError(text) from error
    if not paths:
        accepted = ", ".join(PICTURE_SUFFIXES)
        text = (
            f"the folder {folder} holds no picture; expected files ending in {accepted} "
            "(folders inside it are not searched)"
        )
        raise ConfigurationError(text)
    return Pictures(folder.resolve().name, paths)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        text = f"the picture {path} cannot be read: {error.strerror}"
        raise NotAvailableError(text) from error
