"""The tokens file on disk: read again when it changes, written by `edgeserve token`."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.access.changes import FileChanges
from edgeserve.access.tokens import (
    TokenEntry,
    check_name,
    digest_of,
    new_token,
    parse_tokens,
    write_tokens,
)
from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeserve.access.rights import Right


class TokenFile:
    """The tokens that a server takes.

    Attributes:
        entries: as they were when the file was last good.
    """

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            ConfigurationError: it cannot be read, others may write it, or a line is wrong.
        """
        self._path = path
        self._changes = FileChanges((path,))
        self.entries = read_tokens(path)

    def reload(self) -> bool:
        """Read the file again if it has changed; return whether it was.

        Raises:
            ConfigurationError: it is no longer good; what was read before holds.
        """
        if not self._changes.seen():
            return False
        self.entries = read_tokens(self._path)
        return True


def read_tokens(path: Path) -> tuple[TokenEntry, ...]:
    """What a tokens file holds.

    Raises:
        ConfigurationError: it cannot be read, others may write it, or a line is wrong.
    """
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        message = f"tokens_file: {path} cannot be read: {why}"
        raise ConfigurationError(message) from None
    if mode & stat.S_IWOTH:
        message = f"tokens_file: anybody may write {path}; expected `chmod o-w {path}`"
        raise ConfigurationError(message)
    return parse_tokens(text, f"tokens_file: {path}")


def create_token(path: Path, name: str, rights: frozenset[Right]) -> str:
    """Add a token to the file, which is made where there is none, for its owner only.

    Returns:
        The token; it is kept nowhere.

    Raises:
        ConfigurationError: the name is taken or no name, there are no rights, or the file is
            wrong or cannot be written.
    """
    check_name(name)
    if not rights:
        text = f"a token without rights opens nothing; give {name} some with --rights"
        raise ConfigurationError(text)
    with _locked(path):
        entries = read_tokens(path) if path.exists() else ()
        if any(entry.name == name for entry in entries):
            text = f"{path} has a token {name} already; revoke it first, or choose another name"
            raise ConfigurationError(text)
        token = new_token()
        _write(path, (*entries, TokenEntry(name, rights, digest_of(token))))
    return token


def revoke_token(path: Path, name: str) -> None:
    """Take a token out of the file.

    Raises:
        ConfigurationError: it is not there, or the file is wrong or cannot be written.
    """
    with _locked(path):
        entries = read_tokens(path)
        left = [entry for entry in entries if entry.name != name]
        if len(left) == len(entries):
            known = ", ".join(entry.name for entry in entries) or "none"
            text = f"{path} has no token {name!r}; it has: {known}"
            raise ConfigurationError(text)
        _write(path, left)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two commands at once must not lose each other's line; the folder is what both can lock."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        text = f"tokens_file: {path} cannot be written: {error.strerror}"
        raise ConfigurationError(text) from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _write(path: Path, entries: tuple[TokenEntry, ...] | list[TokenEntry]) -> None:
    """Replace the file at once: a server that reads it meanwhile sees the old or the new one."""
    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(write_tokens(entries))
                file.flush()
                os.fsync(handle)
                if target.exists():
                    before = target.stat()
                    os.fchmod(handle, stat.S_IMODE(before.st_mode))
                    with suppress(PermissionError):  # only root gives files away
                        os.fchown(handle, before.st_uid, before.st_gid)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        text = f"tokens_file: {path} cannot be written: {error.strerror}"
        raise ConfigurationError(text) from None
