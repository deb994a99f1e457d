"""One object on one frame, as zones and lines look at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeserve.domain.camera import CameraResult

_LAST = 1 - 1e-6
"""Just inside the picture: who stands on its edge is in a zone that reaches there."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Where an object stands.

    Attributes:
        track_id: of the object.
        label: of the object.
        point: (x, y) of the middle of its box's lower edge, where it touches the ground, as
            shares of the picture's width and height, 0 or more and below 1.
        time_ns: capture time of the frame.
    """

    track_id: int
    label: str
    point: tuple[float, float]
    time_ns: int


def seen_in(result: CameraResult) -> Iterator[Seen]:
    """The objects that were detected in this frame; those out of sight stand nowhere."""
    for track in result.tracks:
        if track.detection is None:
            continue
        left, _, right, bottom = track.box_xyxy
        x, y = (left + right) / 2 / result.width_px, bottom / result.height_px
        yield Seen(
            track_id=track.track_id,
            label=result.result.labels[track.detection],
            point=(min(max(x, 0.0), _LAST), min(max(y, 0.0), _LAST)),
            time_ns=result.capture_time_unix_ns,
        )
