"""What the release matrix found for one wheel, kept in a folder: results.json and results.md."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Cell(NamedTuple):
    """One environment of the matrix; extras are joined by commas, or `base`."""

    extras: str
    python: str
    age: str


@dataclass(frozen=True)
class Outcome:
    """How a cell ended: whose server detected (empty: it failed), and the seconds that it took."""

    by: str
    seconds: float


def _age_of_column(column: tuple[str, str]) -> tuple[list[int], bool]:
    """Sorts columns by Python, then the oldest dependencies before the newest."""
    python, age = column
    return [int(part) for part in python.split(".")], age == "newest"


class Results:
    """The cells of a wheel that were run so far; those of another wheel are forgotten."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        """Read what the folder has of this wheel."""
        self._folder = folder
        self._wheel = {
            "name": wheel.name,
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        }
        self._outcomes: dict[Cell, Outcome] = {}
        self._lock = Lock()
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "results.json").exists():
            kept = json.loads((folder / "results.json").read_text())
            if kept["wheel"] == self._wheel:
                for entry in kept["cells"]:
                    cell = Cell(entry["extras"], entry["python"], entry["age"])
                    self._outcomes[cell] = Outcome(entry["by"], entry["seconds"])

    def passed(self, cell: Cell) -> bool:
        """Whether a cell was run and passed."""
        return cell in self._outcomes and bool(self._outcomes[cell].by)

    def versions(self, cell: Cell) -> Path:
        """Where the versions that a cell resolved to are kept."""
        return self._folder / f"{'-'.join(cell)}.txt"

    def add(self, cell: Cell, by: str, seconds: float) -> None:
        """Keep a cell's outcome and write both files."""
        with self._lock:
            self._outcomes[cell] = Outcome(by, round(seconds, 1))
            cells = [one._asdict() | asdict(self._outcomes[one]) for one in self._outcomes]
            text = json.dumps({"wheel": self._wheel, "cells": cells}, indent=1)
            (self._folder / "results.json").write_text(f"{text}\n")
            (self._folder / "results.md").write_text(f"{self.table()}\n")

    def table(self) -> str:
        """The outcomes in Markdown: rows are extras, columns Python and age of the dependencies."""
        rows = list(dict.fromkeys(cell.extras for cell in self._outcomes))
        columns = sorted(
            {(cell.python, cell.age) for cell in self._outcomes},
            key=lambda column: (
                [int(part) for part in column[0].split(".")],
                column[1] != "oldest",
            ),
        )
        lines = [
            "| extra | " + " | ".join(" ".join(column) for column in columns) + " |",
            "|---" * (len(columns) + 1) + "|",
        ]
        for row in rows:
            told = [self._outcomes.get(Cell(row, *column)) for column in columns]
            words = ["not run" if one is None else one.by or "FAILED" for one in told]
            lines.append(f"| `{row}` | " + " | ".join(words) + " |")
        failed = sum(not outcome.by for outcome in self._outcomes.values())
        lines.append(
            f"\n{len(self._outcomes)} environments of {self._wheel['name']} (sha256 "
            f"{self._wheel['sha256'][:12]}…), {failed} failed. In a cell: who detected, the "
            "environment's own server by that runtime, or its client on another's server."
        )
        return "\n".join(lines)
