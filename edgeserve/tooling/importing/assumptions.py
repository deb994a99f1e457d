"""What was assumed of a model, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(slots=True)
class Assumptions:
    """Collects sentences; each choice goes through `settle`."""

    lines: list[str] = field(default_factory=list)

    def add(self, what: str, because: str) -> None:
        """Note one."""
        self.lines.append(f"{what}, because {because}")

    def settle(self, what: str, said: _T | None, told: _T | None, habit: tuple[_T, str]) -> _T:
        """The user's word; else the file's; else the habit, which is noted.

        Args:
            what: is settled, for the note.
            said: by the user.
            told: by the file's metadata.
            habit: what is usual, and why.
        """
        if said is not None:
            return said
        if told is not None:
            self.add(f"{what} {_shown(told)}", "the file's metadata says so")
            return told
        value, because = habit
        self.add(f"{what} {_shown(value)}", because)
        return value


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(_shown(one) for one in value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(getattr(value, "value", value))
