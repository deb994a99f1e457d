"""So much a second, with a second's worth of burst."""

from __future__ import annotations


class TokenBucket:
    """Fills at its rate up to what one second brings, at least one.

    What costs more than a full bucket holds is let through by a full one, and paid off after.
    """

    __slots__ = ("_at_s", "_capacity", "_level", "_rate")

    def __init__(self, rate: float, now_s: float) -> None:
        """Begin full.

        Args:
            rate: what it gains in a second, above 0.
            now_s: on a monotonic clock, here and below.
        """
        self._rate = rate
        self._capacity = max(1.0, rate)
        self._level = self._capacity
        self._at_s = now_s

    def wait_s(self, cost: float, now_s: float) -> float:
        """Seconds until it lets something through; 0 for now."""
        self._fill(now_s)
        return max(0.0, (min(cost, self._capacity) - self._level) / self._rate)

    def take(self, cost: float, now_s: float) -> None:
        """Pay, be it with what it does not have yet."""
        self._fill(now_s)
        self._level -= cost

    def _fill(self, now_s: float) -> None:
        self._level = min(self._capacity, self._level + (now_s - self._at_s) * self._rate)
        self._at_s = now_s
