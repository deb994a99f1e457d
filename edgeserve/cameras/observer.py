"""What cameras tell those who watch over them."""

from __future__ import annotations

from typing import Protocol


class CameraObserver(Protocol):
    """Called from any thread; must be quick and must not raise."""

    def camera_added(self, camera: str) -> None:
        """A camera is to be read from now on."""

    def camera_removed(self, camera: str) -> None:
        """And no longer."""

    def frame_read(self, camera: str, time_unix_s: float) -> None:
        """A frame came."""

    def camera_reconnected(self, camera: str) -> None:
        """Frames come again after a break."""

    def camera_failed(self, camera: str) -> None:
        """A try to connect failed, or a connection broke."""

    def camera_stalled(self, camera: str) -> None:
        """Frames stay away."""

    def frame_looked_at(self, camera: str, age_s: float) -> None:
        """The result of a frame is there, so long after it was taken."""

    def watcher_let_go(self, camera: str) -> None:
        """Somebody who watched was too slow."""


class NullCameraObserver:
    """Watches nothing."""

    def camera_added(self, camera: str) -> None:
        """Ignore it."""

    def camera_removed(self, camera: str) -> None:
        """Ignore it."""

    def frame_read(self, camera: str, time_unix_s: float) -> None:
        """Ignore it."""

    def camera_reconnected(self, camera: str) -> None:
        """Ignore it."""

    def camera_failed(self, camera: str) -> None:
        """Ignore it."""

    def camera_stalled(self, camera: str) -> None:
        """Ignore it."""

    def frame_looked_at(self, camera: str, age_s: float) -> None:
        """Ignore it."""

    def watcher_let_go(self, camera: str) -> None:
        """Ignore it."""
