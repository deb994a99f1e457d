"""What a run says while it goes on: a bar, a line an epoch, a table and its curves."""

from __future__ import annotations

import csv
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from tqdm import tqdm

from models.training.curves import plot

if TYPE_CHECKING:
    from pathlib import Path


class Journal:
    """Writes into a run's folder; the bar shows only on a terminal."""

    def __init__(self, folder: Path) -> None:
        """Write into this folder."""
        self._table = folder / "curves.csv"
        self._picture = folder / "curves.png"
        self._bar: tqdm[NoReturn] | None = None

    def open_epoch(self, epoch: int, steps: int) -> None:
        """Begin an epoch's bar."""
        self._bar = tqdm(total=steps, desc=f"epoch {epoch}", disable=not sys.stderr.isatty())

    def step(self, loss: float) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            self._bar.update()

    def close_epoch(self, row: dict[str, float]) -> None:
        """Write an epoch's line, its row of the table, and the curves anew."""
        if self._bar is not None:
            self._bar.close()
        self.say(", ".join(f"{name} {value:.4g}" for name, value in row.items()))
        rows: list[dict[str, str]] = []
        if self._table.exists():
            with self._table.open(newline="") as file:
                rows = list(csv.DictReader(file))
        rows.append({name: f"{value:.6g}" for name, value in row.items()})
        # Epochs without a validation lack its columns, so the header is the union of all rows.
        columns = list(dict.fromkeys(name for row in rows for name in row))
        with self._table.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        plot(self._table, self._picture)

    def say(self, text: str) -> None:
        """Write one line with the time."""
        stamp = time.strftime("%H:%M:%S", time.gmtime())
        sys.stdout.write(f"{stamp} {text}\n")
        sys.stdout.flush()
