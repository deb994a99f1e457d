"""Which way a CPU works: one frame at once on all cores, or one frame on each core.

Pure decisions on the caller's clock; nothing is compiled or run here.
"""

from __future__ import annotations

from enum import Enum


class Configuration(str, Enum):
    """How an engine is compiled, and how many frames are in work at once."""

    LATENCY = "latency"
    """One frame at once, on all cores."""
    THROUGHPUT = "throughput"
    """A frame on each core."""


_BACKLOG_NS = 200_000_000
"""LATENCY is left when frames have waited behind each other for this long without a gap."""
_WINDOW_NS = 2_000_000_000
"""THROUGHPUT is held against its use once in this time."""
_LIGHT = 0.5
"""Share of LATENCY's capacity under which the load is light."""
_SMOOTHING = 0.1


class Governor:
    """Chooses the configuration by the depth of the queue, with hysteresis.

    Up: the queue of LATENCY never ran empty for a while. Down: over a whole window no frame was
    handled beside another one, or LATENCY would have had the same frames done in half the time.
    A pause does not count: a load that comes back is likely to be what it was.
    """

    def __init__(self, active: Configuration) -> None:
        """Begin in a configuration."""
        self.active = active
        self._backlog_since_ns: int | None = None
        self._latency_cost_ns = 0.0
        self._window_since_ns = 0
        self._seen_ns = 0
        self._frames = 0
        self._crowded = False

    def observe(self, now_ns: int, service_ns: int, *, crowded: bool) -> Configuration:
        """Hear of a frame that was done; the configuration that should be active.

        Args:
            now_ns: monotonic clock.
            service_ns: how long the frame was in work.
            crowded: whether another one waits, or is in work.
        """
        if self.active is Configuration.LATENCY:
            return self._leave_latency(now_ns, service_ns, crowded=crowded)
        return self._leave_throughput(now_ns, crowded=crowded)

    def switched(self, active: Configuration, now_ns: int) -> None:
        """Hear that a configuration is active now."""
        self.active = active
        self._backlog_since_ns = None
        self._open_window(now_ns)

    def _leave_latency(self, now_ns: int, service_ns: int, *, crowded: bool) -> Configuration:
        self._latency_cost_ns += (
            _SMOOTHING * (service_ns - self._latency_cost_ns)
            if self._latency_cost_ns
            else service_ns
        )
        if not crowded:
            self._backlog_since_ns = None
        elif self._backlog_since_ns is None:
            self._backlog_since_ns = now_ns
        elif now_ns - self._backlog_since_ns >= _BACKLOG_NS:
            return Configuration.THROUGHPUT
        return Configuration.LATENCY

    def _leave_throughput(self, now_ns: int, *, crowded: bool) -> Configuration:
        paused = now_ns - self._seen_ns >= _WINDOW_NS and self._frames > 0
        self._seen_ns = now_ns
        if paused:
            self._open_window(now_ns)
            return Configuration.THROUGHPUT
        self._frames += 1
        self._crowded = self._crowded or crowded
        elapsed_ns = now_ns - self._window_since_ns
        if elapsed_ns < _WINDOW_NS:
            return Configuration.THROUGHPUT
        light = 0 < self._latency_cost_ns * self._frames < _LIGHT * elapsed_ns
        calm = not self._crowded
        self._open_window(now_ns)
        return Configuration.LATENCY if light or calm else Configuration.THROUGHPUT

    def _open_window(self, now_ns: int) -> None:
        self._window_since_ns = now_ns
        self._frames = 0
        self._crowded = False
