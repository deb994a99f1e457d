"""Results of the box's own cameras on their way out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from edgeserve.sinks.jsonl import JsonlSink
from edgeserve.sinks.sink import create_sinks
from edgeserve.tracking.events import SceneEvents
from edgeserve.tracking.tracker import ByteTracker

if TYPE_CHECKING:
    from edgeserve.cameras.options import CameraOptions
    from edgeserve.config.settings import Settings
    from edgeserve.domain.camera import CameraResults
    from edgeserve.tracking.options import TrackingOptions

_CLOSE_S = 5.0


class Outlets:
    """The sinks that the configuration asks for, as one.

    Attributes:
        sinks: each of them.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare them; nothing is sent yet.

        Raises:
            ConfigurationError: an address or a file of a sink is wrong.
        """
        self.sinks = create_sinks(settings.mqtt, settings.jsonl, settings.webhook)
        self._files = [sink for sink in self.sinks if isinstance(sink, JsonlSink)]

    @property
    def has_files(self) -> bool:
        """Whether a sink writes files that somebody may move away."""
        return bool(self._files)

    def start(self, results: CameraResults) -> None:
        """Begin to send what the cameras see."""
        for sink in self.sinks:
            sink.start()
            results.subscribe(sink)

    def reopen_files(self) -> None:
        """Open files anew that were moved away."""
        for sink in self._files:
            sink.reopen()

    async def close(self) -> None:
        """Send what waits, all at the same time, for at most some seconds."""
        await asyncio.gather(*(asyncio.to_thread(sink.close, _CLOSE_S) for sink in self.sinks))


def create_tracker(camera: CameraOptions, options: TrackingOptions) -> ByteTracker | None:
    """What follows a camera's objects, where that is asked for.

    What the camera is not to report begins no track either.
    """
    if not camera.tracked:
        return None
    score = max(options.track_score, camera.score or 0)
    return ByteTracker(options.model_copy(update={"track_score": score}))


def create_event_finder(camera: CameraOptions, options: TrackingOptions) -> SceneEvents | None:
    """What watches a camera's zones and lines, where it has any."""
    zones, lines = camera.places()
    return SceneEvents(zones, lines, options.track_settle_seconds) if zones or lines else None
