"""One value of the machine, and the files that values are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Reading(NamedTuple):
    """A value.

    Attributes:
        metric: its name without `edgeserve_`.
        labels: values of the labels, in the order of `machine_metrics`.
        value: in the unit of the name.
    """

    metric: str
    labels: tuple[str, ...]
    value: float


def text_of(path: Path) -> str | None:
    """What a file holds; None where there is none, or the driver has nothing to say now."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def number_of(path: Path) -> float | None:
    """The number that a file holds; None as above."""
    try:
        return float(text_of(path) or "")
    except ValueError:
        return None
