"""Who is in a zone, who came and who left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.domain.camera import CameraEvent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from edgeserve.domain.camera import Zone
    from edgeserve.tracking.seen import Seen

ENTERED, LEFT = "zone_entered", "zone_left"


@dataclass(slots=True)
class _Visit:
    """What is known of one object.

    Attributes:
        label: of the object.
        inside: where it counts as being.
        since_ns: when it came to be there.
        other_ns: since when it has been seen on the other side; None while it is not.
        seen_ns: when it was last seen.
    """

    label: str
    inside: bool
    since_ns: int
    other_ns: int | None
    seen_ns: int


class ZoneWatch:
    """Watches one zone of one camera."""

    def __init__(self, zone: Zone, settle_seconds: float) -> None:
        """Begin with nobody inside.

        Args:
            zone: the area.
            settle_seconds: how long an object must stay on the other side of the edge before it
                counts as there.
        """
        self.zone = zone
        self._settle_ns = round(settle_seconds * 1e9)
        self._visits: dict[int, _Visit] = {}

    def see(self, seen: Seen) -> CameraEvent | None:
        """Look at an object; tell if it came or left."""
        if self.zone.labels and seen.label not in self.zone.labels:
            return None
        time_ns = seen.time_ns
        visit = self._visits.get(seen.track_id)
        if visit is None:
            visit = _Visit(seen.label, inside=False, since_ns=time_ns, other_ns=None, seen_ns=0)
            self._visits[seen.track_id] = visit
        visit.seen_ns = time_ns
        if contains(self.zone.points, seen.point) == visit.inside:
            visit.other_ns = None
            return None
        visit.other_ns = time_ns if visit.other_ns is None else min(visit.other_ns, time_ns)
        if time_ns - visit.other_ns < self._settle_ns:
            return None
        return self._change(seen.track_id, visit, visit.other_ns)

    def keep(self, alive: AbstractSet[int]) -> Iterator[CameraEvent]:
        """Forget the objects whose ids are not among `alive`; who was inside has left."""
        for track_id in [known for known in self._visits if known not in alive]:
            visit = self._visits.pop(track_id)
            if visit.inside:
                yield self._change(track_id, visit, visit.other_ns or visit.seen_ns)

    def inside(self) -> int:
        """How many objects are in the zone now."""
        return sum(visit.inside for visit in self._visits.values())

    def _change(self, track_id: int, visit: _Visit, time_ns: int) -> CameraEvent:
        stayed_ns = max(0, time_ns - visit.since_ns)
        visit.inside, visit.since_ns, visit.other_ns = not visit.inside, time_ns, None
        return CameraEvent(
            kind=ENTERED if visit.inside else LEFT,
            place=self.zone.name,
            track_id=track_id,
            label=visit.label,
            time_unix_ns=time_ns,
            dwell_ms=None if visit.inside else stayed_ns // 1_000_000,
        )


def contains(points: tuple[tuple[float, float], ...], point: tuple[float, float]) -> bool:
    """Whether a polygon holds a point (even-odd rule); points on its edge may be either."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(points, (*points[1:], points[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside
