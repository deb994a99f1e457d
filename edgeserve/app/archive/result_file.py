"""A result that is there whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from edgeserve.domain.errors import NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_BEGIN, _END = ".edgeserve-", ".part"


@contextmanager
def result_file(path: Path) -> Iterator[Callable[[object], None]]:
    """Write JSON lines; they are at `path` once the context ends without an error.

    Each attempt writes into a file of its own beside it, so two of them never mix.

    Raises:
        NotAvailableError: the disk refuses.
    """
    part = path.with_name(f"{_BEGIN}{secrets.token_hex(8)}{_END}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("x", encoding="utf-8") as file:

            def line(record: object) -> None:
                file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")

            yield line
            file.flush()
            # A rename may reach the disk before the bytes do: then a power cut leaves an empty
            # file, and that would count as done.
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        text = f"the result {path} cannot be written: {error.strerror}"
        raise NotAvailableError(text) from error
    finally:
        with suppress(OSError):
            part.unlink()


def sweep(folder: Path) -> None:
    """Remove what killed processes left; nobody may be writing into the folder."""
    for part in folder.rglob(f"{_BEGIN}*{_END}"):
        part.unlink(missing_ok=True)
