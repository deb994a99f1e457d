"""One way to read a model's outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Reading:
    """A layout that the outputs' shapes allow.

    Attributes:
        layout: name of a head.
        outputs: role to the file's output.
        classes: how many labels it means; None where the shape does not tell.
        why: what in the shapes speaks for it.
        likely: False for what only the user's word makes credible.
        strides: where the head needs them.
        reg_max: where the head needs it.
        background: as in the manifest.
        box_format: where it is not the head's own.
        box_unit: where it is not the head's own.
        activation: where it is not the head's own.
    """

    layout: str
    outputs: Mapping[str, str]
    classes: int | None
    why: str
    likely: bool = True
    strides: tuple[int, ...] = ()
    reg_max: int = 0
    background: str = "none"
    box_format: str | None = None
    box_unit: str | None = None
    activation: str | None = None
    evidence: tuple[str, ...] = field(default=())
