"""What the objects of one camera do: enter and leave zones, cross lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from edgeserve.tracking.line import LineWatch
from edgeserve.tracking.seen import seen_in
from edgeserve.tracking.zone import ZoneWatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgeserve.domain.camera import CameraEvent, CameraResult, Line, Zone


class SceneEvents:
    """Turns the tracks of one camera into events. Used by one thread at a time."""

    def __init__(
        self,
        zones: Sequence[Zone],
        lines: Sequence[Line],
        settle_seconds: float,
    ) -> None:
        """Watch these zones and lines.

        Args:
            zones: areas of the picture.
            lines: lines across it.
            settle_seconds: how long an object must stay on the other side of an edge or a line
                before that counts: boxes tremble.
        """
        self._zones = [ZoneWatch(zone, settle_seconds) for zone in zones]
        self._lines = [LineWatch(line, settle_seconds) for line in lines]
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def update(self, result: CameraResult) -> tuple[CameraEvent, ...]:
        """Take a result with its tracks; what happened since the one before.

        An event's time is that of the frame on which the object was first on the other side; it is
        told when the object has stayed there. An object that is lost in a zone leaves it at the
        time at which it was last seen.
        """
        events = tuple(self._events(result))
        self._counts.update((event.place, event.kind, event.direction) for event in events)
        return events

    def inside(self) -> dict[str, int]:
        """How many objects are in each zone now."""
        return {watch.zone.name: watch.inside() for watch in self._zones}

    def counts(self) -> dict[tuple[str, str, str], int]:
        """How many events of each (place, kind, direction) there were."""
        return dict(self._counts)

    def _events(self, result: CameraResult) -> Iterator[CameraEvent]:
        alive = {track.track_id for track in result.tracks}
        for zone in self._zones:
            yield from zone.keep(alive)
        for line in self._lines:
            line.keep(alive)
        for seen in seen_in(result):
            found = [zone.see(seen) for zone in self._zones]
            found += [line.see(seen) for line in self._lines]
            yield from (event for event in found if event is not None)
