"""Whose turn it is, counted in the time that a device spends on each stream.

Start-time fair queueing (Goyal, Vin, Cheng 1996): each stream has a place in virtual time, the
one that is furthest behind goes first, and each of its frames moves it on by what the frame costs
divided by the stream's weight. A stream that was away comes back at the present: it has saved up
nothing, and owes what it owed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

_STEP = 0.02
"""How far a frame moves what its stream is thought to cost; the first ones move it further."""


@dataclass(slots=True, eq=False)
class Cost:
    """What a frame takes of a device: the running median; 0 if unknown.

    On a busy machine now and then a frame takes many times as long as it needs, through no fault
    of its stream: a mean would hand such luck out as shares.
    """

    ns: float = 0.0
    frames: int = 0

    def learn(self, service_ns: int) -> None:
        """Take in what a frame took."""
        self.frames += 1
        if not self.ns:
            self.ns = float(service_ns)
            return
        factor = 1 + max(_STEP, 1 / (2 + self.frames))
        if service_ns > self.ns:
            self.ns = min(self.ns * factor, service_ns)
        else:
            self.ns = max(self.ns / factor, service_ns)


@dataclass(slots=True, eq=False)
class Turn:
    """A stream's place.

    Attributes:
        weight: its share beside the others'.
        cost: of one of its frames.
        due_ns: its place in virtual time.
    """

    weight: float = 1.0
    cost: Cost = field(default_factory=Cost)
    due_ns: float = 0.0


class Queued(Protocol):
    """What waits in a `FairQueue`."""

    @property
    def turn(self) -> Turn:
        """Its place."""


Q = TypeVar("Q", bound=Queued)


class FairQueue(Generic[Q]):
    """Streams that wait for a device."""

    def __init__(self) -> None:
        """Begin without any."""
        # As a dict it keeps the order of arrival, which decides between equals.
        self._queued: dict[int, Q] = {}
        self._present_ns = 0.0

    def __len__(self) -> int:
        """How many wait."""
        return len(self._queued)

    def add(self, stream: Q) -> None:
        """Let a stream wait; one that does already keeps its place."""
        if id(stream) not in self._queued:
            stream.turn.due_ns = max(stream.turn.due_ns, self._present_ns)
            self._queued[id(stream)] = stream

    def remove(self, stream: Q) -> None:
        """Let a stream wait no more, if it did."""
        self._queued.pop(id(stream), None)

    def pop(self) -> Q:
        """Remove and return the stream whose turn it is.

        Raises:
            LookupError: none waits.
        """
        if not self._queued:
            raise LookupError
        # A few hundred streams at most, and a frame takes milliseconds: no heap pays here.
        stream = min(self._queued.values(), key=_due)
        del self._queued[id(stream)]
        self._present_ns = stream.turn.due_ns
        return stream


def _due(stream: Queued) -> float:
    return stream.turn.due_ns
