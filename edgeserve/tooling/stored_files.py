"""Files of a data set, whether they lie in a folder or inside tars."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError, NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Bytes somewhere on the disk: a whole file, or a member of an uncompressed tar."""

    name: str
    path: Path
    offset: int
    size_bytes: int

    def read(self) -> bytes:
        """Return the bytes.

        Raises:
            NotAvailableError: the disk refuses.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                return file.read(self.size_bytes)
        except OSError as error:
            text = f"{self.path}: cannot be read: {error.strerror}"
            raise NotAvailableError(text) from error


def split_files(data: Path, split: str) -> dict[str, StoredFile]:
    """The files of a split by name, from DATA/SPLIT/ or from DATA/SPLIT*.tar.

    Raises:
        ConfigurationError: neither is there, or a tar is compressed or damaged.
    """
    folder = data / split
    if folder.is_dir():
        return {path.name: _whole(path) for path in sorted(folder.iterdir()) if path.is_file()}
    tars = sorted([*data.glob(f"{split}.tar"), *data.glob(f"{split}-*.tar")])
    if not tars:
        text = f"{data} has no split {split!r}: expected {folder} or {data / split}-*.tar"
        raise ConfigurationError(text)
    found = {file.name: file for path in tars for file in _members(path, split)}
    return dict(sorted(found.items()))


def _whole(path: Path) -> StoredFile:
    return StoredFile(path.name, path, 0, path.stat().st_size)


def _members(path: Path, split: str) -> Iterator[StoredFile]:
    try:
        # "r:" refuses compression: members are read later by their place in the file.
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                folder, _, name = member.name.removeprefix("./").rpartition("/")
                if member.isfile() and folder in {"", split}:
                    yield StoredFile(name, path, member.offset_data, member.size)
    except (tarfile.TarError, OSError) as error:
        text = f"{path}: not an uncompressed tar: {error}"
        raise ConfigurationError(text) from error
