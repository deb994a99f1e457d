"""Bundles out of archives. What an archive says of itself is believed in nothing."""

from __future__ import annotations

import re
import tarfile
import zipfile
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, NoReturn

from edgeserve.domain.errors import ModelNotReadyError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_MOST_FILES = 1000
_CHUNK_BYTES = 1 << 20
_MEGA = 1 << 20


def unpack(archive: Path, folder: Path, most_bytes: int) -> None:
    """Write the files of a .tar, .tar.gz or .zip into a folder.

    A bundle is flat: all files lie at the top, or in one folder, whose name is dropped. So no
    path of the archive is ever used to write.

    Args:
        archive: recognised by its content.
        folder: exists, and is empty.
        most_bytes: of all files together, as they are unpacked.

    Raises:
        ModelNotReadyError: it is no such archive, is damaged, too large, or holds anything but
            plain files beside each other.
    """
    parents: set[PurePosixPath] = set()
    left_bytes = most_bytes
    try:
        with _files(archive) as files:
            for count, (path, content) in enumerate(files, 1):
                parents.add(path.parent)
                if count > _MOST_FILES or len(parents) > 1 or not _NAME.fullmatch(path.name):
                    _refuse(archive, f"{path} is not a plain file beside the bundle's others")
                with (folder / path.name).open("xb") as out, content:
                    while chunk := content.read(_CHUNK_BYTES):
                        left_bytes -= len(chunk)
                        if left_bytes < 0:
                            limit = f"{most_bytes / _MEGA:g} MB (setting max_bundle_mb)"
                            _refuse(archive, f"it unpacks to more than {limit}")
                        out.write(chunk)
    except ModelNotReadyError:
        raise
    except FileExistsError:
        _refuse(archive, "it holds a file twice")
    except Exception as error:  # noqa: BLE001 - on damaged files the readers raise what they like
        _refuse(archive, f"it cannot be read as .tar, .tar.gz or .zip: {error}")


@contextmanager
def _files(archive: Path) -> Iterator[Iterator[tuple[PurePosixPath, IO[bytes]]]]:
    """Its files one after the other; folders are left out, links and devices refused."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            yield _of_zip(archive, opened)
    else:
        with tarfile.open(archive) as opened_tar:
            yield _of_tar(archive, opened_tar)


def _of_zip(archive: Path, opened: zipfile.ZipFile) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    for entry in opened.infolist():
        # The upper half is the mode of Unix, 0 where the writer knew none.
        kind = (entry.external_attr >> 16) & 0o170000
        if entry.flag_bits & 1 or kind not in {0, 0o040000, 0o100000}:
            _refuse(archive, f"{entry.filename} is encrypted, a link or a device")
        if not entry.is_dir():
            yield PurePosixPath(entry.filename), opened.open(entry)


def _of_tar(archive: Path, opened: tarfile.TarFile) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    for entry in opened:
        content = opened.extractfile(entry) if entry.isreg() else None
        if content is not None:
            yield PurePosixPath(entry.name), content
        elif not entry.isdir():
            _refuse(archive, f"{entry.name} is a link or a device")


def _refuse(archive: Path, why: str) -> NoReturn:
    text = f"{archive.name} is no archive of a bundle: {why}"
    raise ModelNotReadyError(text)
