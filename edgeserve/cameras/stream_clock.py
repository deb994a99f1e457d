"""When a frame was taken, by the clock of the stream that carried it."""

from __future__ import annotations

_DRIFT = 2e-4
"""Seconds a second: more than two quartz clocks part."""
_LEAP_NS = 30_000_000_000
"""A stamp that leaps further than this against our clock belongs to another count."""


class StreamClock:
    """Translates the stamps of a stream to a clock of ours.

    A frame cannot come before it is taken. The frame that took least time on its way says where
    the stream's zero lies; every other is dated from there, so that what waits in the network,
    in buffers or behind a slow decoder grows older, as it should.
    """

    def __init__(self) -> None:
        """Begin with no frame seen."""
        self._zero_ns: float | None = None
        self._last_stamp_ns = 0
        self._last_arrival_ns = 0
        self.lag_s = 0.0
        """How much longer the last frame took than the quickest one, in seconds."""

    def date(self, stamp_ns: int, arrival_ns: int) -> int:
        """Capture time of a frame by our clock, nanoseconds.

        Args:
            stamp_ns: of the frame, by the stream's clock, from any zero.
            arrival_ns: when it came, by ours, which nobody may set meanwhile.
        """
        offset_ns = float(arrival_ns - stamp_ns)
        if self._zero_ns is None or self._leapt(stamp_ns, arrival_ns):
            self._zero_ns = offset_ns
        else:
            elapsed_ns = max(0, arrival_ns - self._last_arrival_ns)
            self._zero_ns = min(self._zero_ns + _DRIFT * elapsed_ns, offset_ns)
        self._last_stamp_ns, self._last_arrival_ns = stamp_ns, arrival_ns
        self.lag_s = (offset_ns - self._zero_ns) / 1e9
        return arrival_ns - round(offset_ns - self._zero_ns)

    def _leapt(self, stamp_ns: int, arrival_ns: int) -> bool:
        ahead_ns = stamp_ns - self._last_stamp_ns
        behind_ns = ahead_ns - (arrival_ns - self._last_arrival_ns)
        return ahead_ns < 0 or abs(behind_ns) > _LEAP_NS
