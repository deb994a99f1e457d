"""A bundle's folder on this machine, wherever the bundle comes from."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.catalog.archive import unpack
from edgeserve.catalog.bundle import MANIFEST, Bundle
from edgeserve.catalog.download import download
from edgeserve.catalog.oci import pull
from edgeserve.catalog.source import Kind, Source
from edgeserve.domain.errors import ModelNotReadyError, NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = "bundles"


def obtain(source: Source, cache_dir: Path, most_bytes: int) -> Path:
    """The folder of a bundle. What was fetched or unpacked once is taken from the cache.

    Args:
        source: where it comes from; a folder is used where it lies.
        cache_dir: the program's.
        most_bytes: of the bundle, packed and unpacked.

    Raises:
        NotAvailableError: it cannot be fetched, or there is no place for it.
        ModelNotReadyError: it is not what its checksum says, or no bundle.
    """
    path = Path(source.place)
    if source.kind is Kind.PATH and path.is_dir():
        return path
    sha256 = source.sha256 or _sha256(path)
    folder = cache_dir / _FOLDER / sha256
    if (folder / MANIFEST).is_file():
        return folder
    try:
        # Models are loaded from here: nobody else may put them there.
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _scratch(folder.parent) as scratch:
            unpacked = scratch / "bundle"
            unpacked.mkdir()
            _fetch(source, sha256, scratch, most_bytes)
            if not (unpacked / MANIFEST).is_file():
                text = f"{source.place} is no bundle: there is no {MANIFEST} in it"
                raise ModelNotReadyError(text)
            # Another process may have been quicker; its folder is as good.
            if not folder.exists():
                unpacked.rename(folder)
    except OSError as error:
        text = f"{source.place} cannot be kept in {folder.parent}: {error.strerror or error}"
        raise NotAvailableError(text) from error
    return folder


def install(source: Source, cache_dir: Path, models_dir: Path, most_bytes: int) -> Bundle:
    """Put a bundle into a folder of bundles, as NAME/VERSION, in one step.

    Raises:
        EdgeserveError: as in `obtain`; or its manifest or one of its files is wrong; or another
            bundle of that name and version is there.
    """
    bundle = Bundle.read(obtain(source, cache_dir, most_bytes))
    bundle.verify()
    manifest = bundle.manifest
    target = models_dir / manifest.name / manifest.version
    if target.exists():
        there = Bundle.read(target)
        if there.manifest == manifest:
            return there
        text = f"{target} is there already and is another bundle; remove it first"
        raise NotAvailableError(text)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _scratch(models_dir) as scratch:
            shutil.copytree(bundle.folder, scratch / "bundle")
            (scratch / "bundle").rename(target)
    except OSError as error:
        text = f"{target} cannot be written: {error.strerror or error}"
        raise NotAvailableError(text) from error
    return Bundle.read(target)


def _fetch(source: Source, sha256: str, scratch: Path, most_bytes: int) -> None:
    """Write the files of a bundle into `scratch`/bundle."""
    if source.kind is Kind.OCI:
        pull(source.place, sha256, scratch / "bundle", most_bytes)
        return
    archive = Path(source.place)
    if source.kind is Kind.HTTP:
        archive = scratch / "archive"
        download(source.place, sha256, archive, most_bytes)
    elif (found := _sha256(archive)) != sha256:
        text = f"{archive}: its sha256 is {found}, and {sha256} was asked for"
        raise ModelNotReadyError(text)
    unpack(archive, scratch / "bundle", most_bytes)


def _sha256(archive: Path) -> str:
    try:
        with archive.open("rb") as file:
            digest = hashlib.sha256()
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError as error:
        text = f"{archive} cannot be read: {error.strerror}"
        raise NotAvailableError(text) from error
    return digest.hexdigest()


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    """A folder beside the final one, so that a rename is one step; hidden from `Repository`."""
    with tempfile.TemporaryDirectory(prefix=".new-", dir=parent) as name:
        yield Path(name)
