"""What happens when: seeded, and the same in each tenth, only in another order."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TENTHS = 10
_WARM_UP = 0.1
"""Of the whole run: every kind of fault has happened once before anything is measured."""
_ROOM_S = 3.5
"""That a fault has at least."""
_EACH_S = 100.0
"""A kind happens about once in so many seconds of a long run."""


@dataclass(frozen=True)
class Event:
    """A fault to come.

    Attributes:
        kind: its name.
        at_s: seconds after the begin of the run.
        tenth: 0 to 9; -1 in the warm-up.
    """

    kind: str
    at_s: float
    tenth: int


@dataclass(frozen=True)
class Plan:
    """A run.

    Attributes:
        seconds: in all.
        warm_up_s: of these, before the first tenth.
        events: in their order.
        left_out: kinds that such short tenths have no room for.
    """

    seconds: float
    warm_up_s: float
    events: tuple[Event, ...]
    left_out: tuple[str, ...]

    def span(self, tenth: int) -> tuple[float, float]:
        """From when to when a tenth lasts; -1 is the warm-up."""
        if tenth < 0:
            return 0.0, self.warm_up_s
        length_s = (self.seconds - self.warm_up_s) / TENTHS
        return self.warm_up_s + tenth * length_s, self.warm_up_s + (tenth + 1) * length_s


def make_plan(seconds: float, kinds: Sequence[str], seed: int) -> Plan:
    """Spread all kinds over each tenth; over tenths that are too short as many as they hold."""
    chance = random.Random(seed)
    empty = Plan(seconds, _WARM_UP * seconds, (), ())
    begin_s, end_s = empty.span(0)
    held = int((end_s - begin_s) / _ROOM_S)
    taken = list(kinds)[:held]
    each = max(1, int((end_s - begin_s) / _EACH_S))
    events: list[Event] = []
    for tenth in range(-1, TENTHS):
        begin_s, end_s = empty.span(tenth)
        todo = taken * each
        chance.shuffle(todo)
        for number, kind in enumerate(todo):
            slot_s = (end_s - begin_s) / len(todo)
            # In the first part of its slot, so that it is over before the slot is.
            at_s = begin_s + (number + chance.uniform(0, 0.3)) * slot_s
            events.append(Event(kind, at_s, tenth))
    return Plan(seconds, empty.warm_up_s, tuple(events), tuple(kinds)[held:])
