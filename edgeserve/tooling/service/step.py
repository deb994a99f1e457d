"""What is to be done, in words and in deed, so that a plan can be read before it is carried out."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple

from edgeserve.domain.errors import EdgeserveError, NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path


class Step(NamedTuple):
    """One thing to do.

    Attributes:
        text: what it does, in the imperative.
        act: does it.
    """

    text: str
    act: Callable[[], object]


def carry_out(steps: Iterable[Step], say: Callable[[str], None], *, dry: bool) -> None:
    """Say each step, then do it; with `dry` only say it.

    Raises:
        NotAvailableError: a file cannot be written; the text says which.
        EdgeserveError: a step failed.
    """
    for step in steps:
        say(step.text)
        if dry:
            continue
        try:
            step.act()
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            text = f"cannot {step.text}: {place}{error.strerror or error}"
            raise NotAvailableError(text) from error


def command(words: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> str:
    """Run a program to its end; what it wrote on standard output.

    Raises:
        NotAvailableError: there is no such program.
        EdgeserveError: it failed; the text has its last line.
    """
    shown = " ".join(map(str, words))
    try:
        ended = subprocess.run(  # noqa: S603 - built here, no shell
            words, capture_output=True, text=True, check=False, env=environment
        )
    except FileNotFoundError as error:
        text = f"`{shown}` cannot run: there is no {words[0]}"
        raise NotAvailableError(text) from error
    if ended.returncode:
        lines = (ended.stderr.strip() or ended.stdout.strip() or "it said nothing").splitlines()
        text = f"`{shown}` ended with {ended.returncode}: {lines[-1]}"
        raise EdgeserveError(text)
    return ended.stdout
