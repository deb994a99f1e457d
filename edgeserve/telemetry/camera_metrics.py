"""The Prometheus metrics of cameras."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_AGE_EDGES_S = (
    0.005, 0.01, 0.0167, 0.025, 0.0333, 0.05, 0.0667, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""As of the frame path, and further: a camera that falls behind does so by seconds."""


class CameraMetrics:
    """An observer of cameras that counts. A camera that is removed takes its series along."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Create all families."""

        def counter(name: str, text: str) -> Counter:
            return Counter(name, text, ["camera"], registry=registry)

        self._reconnects = counter(
            "edgeserve_camera_reconnects", "Times that a camera came back after a break"
        )
        self._failures = counter(
            "edgeserve_camera_failures", "Tries to connect that failed, and connections that broke"
        )
        self._stalls = counter(
            "edgeserve_camera_stalls", "Times that a camera gave no frame for its stall time-out"
        )
        self._let_go = counter(
            "edgeserve_camera_watchers_let_go", "Watchers of a camera that were too slow"
        )
        self._last_frame = Gauge(
            "edgeserve_camera_last_frame_timestamp_seconds",
            "When the last frame came, seconds since 1970; 0 before the first",
            ["camera"],
            registry=registry,
        )
        self._age = Histogram(
            "edgeserve_frame_age_seconds",
            "Time from the capture of a frame to its result",
            ["camera"],
            registry=registry,
            buckets=_AGE_EDGES_S,
        )
        self._families = (
            self._reconnects,
            self._failures,
            self._stalls,
            self._let_go,
            self._last_frame,
            self._age,
        )
        self._lock = threading.Lock()
        self._known: set[str] = set()

    def camera_added(self, camera: str) -> None:
        """Show all its series from the start: a rate needs the zero before the first event."""
        with self._lock:
            self._known.add(camera)
            for family in self._families:
                family.labels(camera)

    def camera_removed(self, camera: str) -> None:
        """Forget its series."""
        with self._lock:
            self._known.discard(camera)
            for family in self._families:
                family.remove(camera)

    def frame_read(self, camera: str, time_unix_s: float) -> None:
        """Note the time of the last frame."""
        if camera in self._known:
            self._last_frame.labels(camera).set(time_unix_s)

    def camera_reconnected(self, camera: str) -> None:
        """Count it."""
        self._count(self._reconnects, camera)

    def camera_failed(self, camera: str) -> None:
        """Count it."""
        self._count(self._failures, camera)

    def camera_stalled(self, camera: str) -> None:
        """Count it."""
        self._count(self._stalls, camera)

    def frame_looked_at(self, camera: str, age_s: float) -> None:
        """Observe the age."""
        if camera in self._known:
            self._age.labels(camera).observe(age_s)

    def watcher_let_go(self, camera: str) -> None:
        """Count it."""
        self._count(self._let_go, camera)

    def _count(self, counter: Counter, camera: str) -> None:
        # The thread of a camera that was removed may still tell of its end.
        if camera in self._known:
            counter.labels(camera).inc()
