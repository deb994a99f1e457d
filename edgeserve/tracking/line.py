"""Who crossed a line, and to which side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.domain.camera import CameraEvent

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from edgeserve.domain.camera import Line
    from edgeserve.tracking.seen import Seen

CROSSED = "line_crossed"
LEFT, RIGHT = "left", "right"


@dataclass(slots=True)
class _Path:
    """What is known of one object.

    Attributes:
        right: the side on which it counts as being.
        point: where it was last seen.
        other_ns: since when it has been seen on the other side; None while it is not.
        between: whether it went there between the line's ends.
    """

    right: bool
    point: tuple[float, float]
    other_ns: int | None = None
    between: bool = False


class LineWatch:
    """Watches one line of one camera."""

    def __init__(self, line: Line, settle_seconds: float) -> None:
        """Begin with nobody known.

        Args:
            line: from its start to its end.
            settle_seconds: how long an object must stay on the other side before it has crossed.
        """
        self._line = line
        self._settle_ns = round(settle_seconds * 1e9)
        self._paths: dict[int, _Path] = {}

    def see(self, seen: Seen) -> CameraEvent | None:
        """Look at an object; tell if it has crossed."""
        if self._line.labels and seen.label not in self._line.labels:
            return None
        side = self._side(seen.point)
        path = self._paths.get(seen.track_id)
        if path is None:
            self._paths[seen.track_id] = _Path(side >= 0, seen.point)
            return None
        before, path.point = path.point, seen.point
        if (side >= 0) == path.right:
            path.other_ns = None
            return None
        if path.other_ns is None:
            path.other_ns = seen.time_ns
            path.between = self._passes(before, seen.point)
        path.other_ns = min(path.other_ns, seen.time_ns)
        if seen.time_ns - path.other_ns < self._settle_ns:
            return None
        path.right, time_ns, path.other_ns = side >= 0, path.other_ns, None
        if not path.between:
            return None
        return CameraEvent(
            kind=CROSSED,
            place=self._line.name,
            track_id=seen.track_id,
            label=seen.label,
            time_unix_ns=time_ns,
            direction=RIGHT if path.right else LEFT,
        )

    def keep(self, alive: AbstractSet[int]) -> None:
        """Forget the objects whose ids are not among `alive`."""
        for track_id in [known for known in self._paths if known not in alive]:
            del self._paths[track_id]

    def _side(self, point: tuple[float, float]) -> float:
        """Above 0 right of the line as one looks from its start to its end, below 0 left.

        A point on the line counts as right of it.
        """
        (x1, y1), (x2, y2) = self._line.start, self._line.end
        return (x2 - x1) * (point[1] - y1) - (y2 - y1) * (point[0] - x1)

    def _passes(self, before: tuple[float, float], after: tuple[float, float]) -> bool:
        """Whether the way from one side to the other leads between the line's ends."""
        (x1, y1), (x2, y2) = self._line.start, self._line.end
        first, second = self._side(before), self._side(after)
        share = first / (first - second)  # one side includes 0, so they differ
        x, y = (b + share * (a - b) for b, a in zip(before, after, strict=True))
        length = (x2 - x1) ** 2 + (y2 - y1) ** 2
        return 0 <= (x - x1) * (x2 - x1) + (y - y1) * (y2 - y1) <= length
