"""`--json [FILE]`: for programs that read what a command says."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from edgeserve.domain.errors import NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    _F = TypeVar("_F", bound="Callable[..., object] | click.Command")

_STDOUT = "-"
_NOT_JSON = {".avi", ".jpeg", ".jpg", ".mkv", ".mov", ".mp4", ".onnx", ".png", ".toml", ".webp"}


def json_option(command: _F) -> _F:
    """Add `--json [FILE]`; the command gets `json_path`, for `JsonWriter`."""
    return click.option(
        "--json",
        "json_path",
        metavar="[FILE]",
        is_flag=False,
        flag_value=_STDOUT,
        default=None,
        callback=_checked,
        help="Write JSON to FILE, or to standard output in place of text. The next word is taken "
        "as FILE: without one give --json last, or as --json=-.",
    )(command)


class JsonWriter:
    """Writes JSON where `--json` says, and nothing where it was not given."""

    def __init__(self, json_path: str | None) -> None:
        """Open the file.

        Raises:
            NotAvailableError: it cannot be written.
        """
        self._file: IO[str] | None = None
        self._own = json_path not in {None, _STDOUT}
        if json_path == _STDOUT:
            self._file = sys.stdout
        elif json_path is not None:
            try:
                self._file = Path(json_path).open("w", encoding="utf-8")  # noqa: SIM115
            except OSError as error:
                text = f"{json_path} cannot be written: {error.strerror}"
                raise NotAvailableError(text) from error

    @property
    def takes_stdout(self) -> bool:
        """Whether text for people must stay off standard output."""
        return self._file is not None and not self._own

    def line(self, record: object) -> None:
        """Write one record as one line; a reader sees it at once."""
        if self._file is not None:
            self._file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
            self._file.flush()

    def document(self, document: object) -> None:
        """Write the one document of a command."""
        if self._file is not None:
            self._file.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
            self._file.flush()

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        if self._own and self._file is not None:
            self._file.close()


def _checked(_context: click.Context, _option: Any, value: str | None) -> str | None:  # noqa: ANN401
    """Refuse what was surely meant as the command's argument, before it is written over.

    Raises:
        NotAvailableError: nothing can be written there, which a long command should say at once.
    """
    if value is not None and (Path(value).suffix.lower() in _NOT_JSON or Path(value).is_dir()):
        text = f"{value!r} would be written over as its FILE; give --json last, or as --json=-"
        raise click.BadParameter(text)
    if value not in {None, _STDOUT} and not os.access(Path(value or "").parent, os.W_OK):
        text = f"{value} cannot be written: its folder is not there, or not yours to write to"
        raise NotAvailableError(text)
    return value
