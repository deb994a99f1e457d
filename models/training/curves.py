"""Pictures of a run's table."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from pathlib import Path

mpl.use("agg")

_LOSSES = ("box", "cls", "distance")
_AP_SUFFIXES = ("_ap", "_ap50")


def plot(table: Path, picture: Path) -> None:
    """Draw the table's columns over the epochs."""
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    precisions = tuple(name for name in rows[0] if name.endswith(_AP_SUFFIXES))
    panels = (
        ("loss", _LOSSES),
        ("average precision (val)", precisions),
        ("learning rate", ("learning_rate",)),
    )
    figure = Figure(figsize=(13, 3.6), layout="constrained")
    for axes, (title, names) in zip(figure.subplots(1, len(panels)), panels, strict=True):
        for name in names:
            known = [(float(row["epoch"]), float(row[name])) for row in rows if row[name]]
            axes.plot([x for x, _ in known], [y for _, y in known], label=name.replace("_", " "))
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.grid(visible=True, alpha=0.3)
        if axes.lines:
            axes.legend(fontsize=8)
    figure.savefig(picture, dpi=110)
