"""How a live source is read, and what can happen to it."""

from __future__ import annotations

from dataclasses import dataclass

from edgeserve.domain.errors import NotAvailableError


@dataclass(frozen=True, slots=True)
class Reading:
    """How a live source is read.

    Attributes:
        transport: of RTSP, "tcp" or "udp".
        backend: "opencv", "pyav", or "auto": see `CameraOptions`.
        hardware: try to decode in hardware.
        keyframes_only: decode nothing else.
        every_nth: give each n-th frame only.
        fps: give no more a second; 0 means all.
        connect_timeout_s: to connect.
        read_timeout_s: without a frame, until the source gives up.
        max_lag_s: behind the stream's own clock, until the source gives up; 0 means never.
    """

    transport: str = "tcp"
    backend: str = "auto"
    hardware: bool = True
    keyframes_only: bool = False
    every_nth: int = 1
    fps: float = 0.0
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 10.0
    max_lag_s: float = 5.0


class FramesStoppedError(NotAvailableError):
    """A source that gave frames gives none any more."""


class FellBehindError(NotAvailableError):
    """A source's frames come later and later."""
