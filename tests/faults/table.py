"""Writes the table of faults from the rows of a run.

python -m tests.faults.table ROWS.jsonl FAULTS.md
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.tooling.bench.process import machine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_HEAD = """# Faults

What happened to a real server when something broke, as `make faults` observed it: edgeserve {version} on {machine}. The table is written by the run. Times are of that run, on that machine. A stream is a client of ours that resumes, with BLOCK, unless it says otherwise.

| fault | what users saw | what was counted, what the log said | what recovered, and when |
|---|---|---|---|
"""  # noqa: E501 - a paragraph of Markdown is one line


def table(rows: Iterable[Mapping[str, Sequence[str]]]) -> str:
    """Markdown of the rows, in their order."""
    lines = []
    for row in rows:
        counted = [f"`{one}`" for one in row["counted"]]
        logged = [f"log: {_quoted(one)}" for one in row["logged"]]
        cells = [row["fault"], row["seen"], counted + logged, row["recovered"]]
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return _HEAD.format(version=version("edgeserve"), machine=machine()) + "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "`" + text.replace("`", "'") + "`"


def _cell(texts: str | Sequence[str]) -> str:
    joined = texts if isinstance(texts, str) else "<br>".join(texts)
    return joined.replace("|", "\\|").replace("\n", " ") or "nothing"


def main() -> None:
    """Read the rows, write the table."""
    rows, path = (Path(argument) for argument in sys.argv[1:])
    lines = rows.read_text(encoding="utf-8").splitlines()
    path.write_text(table(json.loads(line) for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
