"""Which frame a device works on next, and in which configuration.

Pure: it has no threads and no clock. A lane calls it with its lock held; so does the test that
plays streams in a virtual time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.pipeline.configuration import Configuration, Governor
from edgeserve.pipeline.fair_queue import FairQueue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeserve.pipeline.feed import Feed, Ticket

_FIRST_STAY_NS = 60_000_000_000
_LONGEST_STAY_NS = 3600_000_000_000
"""What cannot be compiled (no memory, no files) may be had later."""


class Scheduler:
    """Hands out the frames of all streams of one device. One configuration is active at a time."""

    def __init__(
        self,
        places: Mapping[Configuration, int],
        active: Configuration,
        *,
        switches: bool = False,
    ) -> None:
        """Begin in a configuration.

        Args:
            places: frames in work at once, by configuration.
            active: the configuration to begin in; its engines are there.
            switches: whether to change to the other one by load.
        """
        self.active = active
        self.in_work = 0
        self._places = dict(places)
        self._wanted = active
        self._ready = {active}
        self._governor = Governor(active) if switches else None
        self._stay_ns = _FIRST_STAY_NS
        self._stay_until_ns = 0
        self._queue: FairQueue[Feed] = FairQueue()

    @property
    def places(self) -> int:
        """Frames in work at once."""
        return self._places[self.active]

    @property
    def prepared_for(self) -> frozenset[Configuration]:
        """The configurations whose engines are there."""
        return frozenset(self._ready)

    @property
    def waiting(self) -> int:
        """Streams with a frame that waits."""
        return len(self._queue)

    @property
    def missing(self) -> Configuration | None:
        """The configuration that is wanted and whose engines are not there yet."""
        return None if self._wanted in self._ready else self._wanted

    @property
    def _leaving(self) -> bool:
        """Whether frames in work are waited for, to change the configuration."""
        return self._wanted is not self.active and self._wanted in self._ready

    def add(self, stream: Feed) -> None:
        """A stream has a frame waiting."""
        self._queue.add(stream)

    def remove(self, stream: Feed) -> None:
        """A stream has none any more."""
        self._queue.remove(stream)

    def allow(self, configuration: Configuration, places: int) -> None:
        """From now on so many frames may be in work at once in a configuration."""
        self._places[configuration] = places

    def settle(self, now_ns: int) -> bool:
        """Change the configuration if that is wanted and nothing is in work; whether it was."""
        if not self._leaving or self.in_work:
            return False
        self.active = self._wanted
        if self._governor is not None:
            self._governor.switched(self.active, now_ns)
        return True

    def take(self) -> Ticket | None:
        """The next frame to work on; None if there is none, or no place for it."""
        if self._leaving:
            return None
        while self._queue and self.in_work < self.places:
            stream = self._queue.pop()
            ticket = stream.pop()
            if ticket is not None:
                turn = stream.turn
                # Of a new stream, what other frames of its model cost.
                turn.due_ns += (turn.cost.ns or ticket.detector.cost.ns) / turn.weight
                self.in_work += 1
                ticket.detector.in_work += 1
            if stream.waiting:
                self._queue.add(stream)
            if ticket is not None:
                return ticket
        return None

    def done(self, ticket: Ticket, service_ns: int | None, now_ns: int) -> None:
        """A frame is no longer in work.

        Args:
            ticket: that was taken.
            service_ns: what the device spent on it; None if it never came there.
            now_ns: monotonic clock.
        """
        self.in_work -= 1
        ticket.detector.in_work -= 1
        if service_ns is None:
            return
        cost, of_model = ticket.stream.turn.cost, ticket.detector.cost
        of_model.learn(service_ns)
        # A stream's own first frame says less than those of others on the same model.
        cost.ns = cost.ns or of_model.ns
        cost.learn(service_ns)
        if self._governor is not None and self._wanted is self.active:
            crowded = bool(self._queue or self.in_work)
            wanted = self._governor.observe(now_ns, service_ns, crowded=crowded)
            if now_ns >= self._stay_until_ns:
                self._wanted = wanted

    def prepared(self, configuration: Configuration) -> None:
        """The engines of a configuration are there."""
        self._ready.add(configuration)

    def put_off(self, now_ns: int) -> None:
        """The missing configuration cannot be had now: stay in this one, each time for longer."""
        self._wanted = self.active
        self._stay_until_ns = now_ns + self._stay_ns
        self._stay_ns = min(2 * self._stay_ns, _LONGEST_STAY_NS)
