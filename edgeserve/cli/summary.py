"""What a run came to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeserve.domain.result import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeserve.domain.result import FrameResult


class Summary:
    """Counts results and their latencies, from its making on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock (seconds, never going back)."""
        self._clock = clock
        self._start_s = self._end_s = clock()
        self._counts = dict.fromkeys(Status, 0)
        self._latencies_ms: list[float] = []

    def add(self, result: FrameResult) -> None:
        """Count a result that came now."""
        self._end_s = self._clock()
        self._counts[result.status] += 1
        if result.status is Status.OK:
            self._latencies_ms.append(result.latency_us / 1000)

    @property
    def errors(self) -> int:
        """Frames that ended in ERROR."""
        return self._counts[Status.ERROR]

    def record(self) -> dict[str, Any]:
        """The figures: results a second, and percentiles of the OK results' server latency."""
        frames = sum(self._counts.values())
        seconds = self._end_s - self._start_s
        return {
            "frames": frames,
            "ok": self._counts[Status.OK],
            "dropped": self._counts[Status.DROPPED],
            "error": self.errors,
            "fps": round(frames / seconds, 2) if seconds > 0 else None,
            "p50_ms": self._percentile(50),
            "p99_ms": self._percentile(99),
        }

    def line(self) -> str:
        """The figures for people."""
        figures = self.record()
        counts = "{frames} frames: {ok} ok, {dropped} dropped, {error} error".format(**figures)
        if figures["fps"] is None or not self._latencies_ms:
            return counts
        speed = "{fps:.1f} fps, latency p50 {p50_ms:.1f} ms, p99 {p99_ms:.1f} ms".format(**figures)
        return f"{counts}; {speed}"

    def _percentile(self, share: float) -> float | None:
        if not self._latencies_ms:
            return None
        return round(float(np.percentile(self._latencies_ms, share)), 3)
