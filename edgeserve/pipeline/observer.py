"""What the frame path tells those who watch it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from edgeserve.domain.origin import Origin
    from edgeserve.domain.result import FrameResult
    from edgeserve.pipeline.configuration import Configuration


class Observer(Protocol):
    """Called from any thread, for every frame: must be quick and must not raise."""

    def frame_received(self, source: str) -> None:
        """A frame was read. `source` is a camera's name, or grpc, oip or http."""

    def frame_finished(self, source: str, result: FrameResult, origin: Origin) -> None:
        """Its one result is there."""

    def frame_discarded(self, source: str) -> None:
        """Its stream ended before a result could be sent."""

    def write_timed_out(self, source: str) -> None:
        """A stream is ended because its client does not read."""

    def inference_timed_out(self, model: str) -> None:
        """An inference of a model takes too long and was given up."""

    def in_flight(self, device: str, change: int) -> None:
        """`change` more frames are in work on a device."""

    def streams(self, change: int) -> None:
        """`change` more streams are open."""

    def waiting_bytes(self, change: int) -> None:
        """`change` more bytes of frames wait for a device."""

    def configuration(self, device: str, active: Configuration) -> None:
        """A device works in this configuration from now on."""

    def batch(self, device: str, frames: int) -> None:
        """So many frames went to a device together."""


class NullObserver:
    """Watches nothing."""

    def frame_received(self, source: str) -> None:
        """Ignore it."""

    def frame_finished(self, source: str, result: FrameResult, origin: Origin) -> None:
        """Ignore it."""

    def frame_discarded(self, source: str) -> None:
        """Ignore it."""

    def write_timed_out(self, source: str) -> None:
        """Ignore it."""

    def inference_timed_out(self, model: str) -> None:
        """Ignore it."""

    def in_flight(self, device: str, change: int) -> None:
        """Ignore it."""

    def streams(self, change: int) -> None:
        """Ignore it."""

    def waiting_bytes(self, change: int) -> None:
        """Ignore it."""

    def configuration(self, device: str, active: Configuration) -> None:
        """Ignore it."""

    def batch(self, device: str, frames: int) -> None:
        """Ignore it."""
