"""Which frames of a camera are looked at."""

from __future__ import annotations

_EARLY = 0.25
"""Part of a period by which a frame may be early: cameras jitter."""


class Picker:
    """Takes each n-th frame, and no more than so many a second."""

    def __init__(self, every_nth: int = 1, fps: float = 0.0) -> None:
        """Take all frames where nothing is said (`fps` 0: no limit)."""
        self._every_nth = every_nth
        self._period_s = 1 / fps if fps else 0.0
        self._seen = 0
        self._due_s: float | None = None

    def take(self, now_s: float) -> bool:
        """Whether to look at the frame that came at `now_s`, on a clock that never goes back."""
        number = self._seen
        self._seen += 1
        if number % self._every_nth:
            return False
        if not self._period_s:
            return True
        if self._due_s is None:
            self._due_s = now_s
        if now_s < self._due_s - _EARLY * self._period_s:
            return False
        # From the due time, so that the mean rate is kept; after a gap from now.
        late = now_s - self._due_s >= self._period_s
        self._due_s = (now_s if late else self._due_s) + self._period_s
        return True
