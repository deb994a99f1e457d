"""Cameras that the box itself reads: what is said of them, and what is seen on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgeserve.domain.detections import Detections
    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.result import FrameResult


class CameraState(str, Enum):
    """Where a camera stands."""

    CONNECTING = "connecting"
    RUNNING = "running"
    """Frames come."""
    STALLED = "stalled"
    """Connected, and no frame for longer than its stall time-out."""
    WAITING = "waiting"
    """Broken; the next try comes after a pause."""
    PAUSED = "paused"
    """By the operator."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A named polygon on a camera's picture.

    Attributes:
        name: unique on its camera.
        points: three corners or more, (x, y) as shares of the picture's width and height, 0..1.
        labels: only objects of these count; none means all.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A named line on a camera's picture, from its start to its end.

    Attributes:
        name: unique on its camera.
        start: (x, y) as shares of the picture's width and height, 0..1.
        end: the same.
        labels: only objects of these count; none means all.
    """

    name: str
    start: tuple[float, float]
    end: tuple[float, float]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """A camera of the server.

    Attributes:
        name: of its configuration.
        state: where it stands.
        model: that looks at it; empty means the server's default.
        fps: frames read a second, over the last seconds.
        last_frame_unix_ns: when its last frame came; 0 if none did.
        reconnects: how often it came back.
        stalls: how often its frames stayed away.
        last_error: what broke it last, without credentials; empty while nothing has.
        zones: polygons on its picture.
        lines: lines on its picture.
        decoder: what decodes it, as in "software" or "vaapi"; empty before the first frame.
    """

    name: str
    state: CameraState
    model: str = ""
    fps: float = 0.0
    last_frame_unix_ns: int = 0
    reconnects: int = 0
    stalls: int = 0
    last_error: str = ""
    zones: tuple[Zone, ...] = ()
    lines: tuple[Line, ...] = ()
    decoder: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    """An object followed from frame to frame.

    Attributes:
        track_id: 1 or more, unique on its camera while the server runs.
        detection: index of the frame's detection that it is; None where it was not detected in
            this frame and its place is predicted.
        box_xyxy: corners in pixels of the picture.
        class_id: index into the model's labels.
        score: of its last detection.
        age: frames since it was first seen.
        velocity_xy: of its centre, pixels of the picture a second.
    """

    track_id: int
    detection: int | None
    box_xyxy: tuple[float, float, float, float]
    class_id: int
    score: float
    age: int = 0
    velocity_xy: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class CameraEvent:
    """Something that happened on a camera.

    Attributes:
        kind: "zone_entered", "zone_left" or "line_crossed".
        place: name of the zone or line; empty for the whole picture.
        track_id: of the object.
        label: of the object.
        time_unix_ns: capture time of the frame in which it happened.
        direction: for a line, the side gone to, "left" or "right" as one looks from its start to
            its end; else empty.
        dwell_ms: for "zone_left", how long it was in the zone; else None.
    """

    kind: str
    place: str
    track_id: int
    label: str
    time_unix_ns: int
    direction: str = ""
    dwell_ms: int | None = None


@dataclass(frozen=True, slots=True)
class CameraResult:
    """One frame of a camera and what was found in it.

    Attributes:
        camera: name of the camera.
        frame_number: counts the frames that were read, from 0, also across reconnections.
        capture_time_unix_ns: by the stream's clock where it has one, else when it was read.
        result: what was found; boxes in pixels of the picture, after rotation and crop.
        width_px: of that picture.
        height_px: of that picture.
        tracks: objects followed, where the camera is tracked.
        events: what happened between this frame and the one before.
        frame: the picture itself, where a subscriber asked for pictures; shared by all, not to
            be kept for long.
    """

    camera: str
    frame_number: int
    capture_time_unix_ns: int
    result: FrameResult
    width_px: int
    height_px: int
    tracks: tuple[Track, ...] = ()
    events: tuple[CameraEvent, ...] = ()
    frame: EncodedFrame | None = field(default=None, repr=False, compare=False)

    @property
    def track_ids(self) -> tuple[int | None, ...]:
        """The track of each detection of `result`, in their order."""
        of = {track.detection: track.track_id for track in self.tracks}
        return tuple(of.get(index) for index in range(len(self.result.detections)))


class Subscriber(Protocol):
    """Hears of a camera's results; see `CameraResults.subscribe`."""

    def __call__(self, result: CameraResult, /) -> None:
        """Take a result.

        Called from the dispatcher's thread, one result after the other, OK and ERROR ones (not
        those of dropped frames). Must not block: whoever does more than a moment's work puts it
        into a bounded queue of its own. What it raises is logged, and others are not hurt.
        """


class CameraResults(Protocol):
    """Where results are subscribed to."""

    def subscribe(
        self,
        subscriber: Subscriber,
        camera: str | None = None,
        *,
        pictures: bool = False,
    ) -> Callable[[], None]:
        """Hear of the results of one camera, or of all.

        Args:
            subscriber: called for each result from now on.
            camera: its name; None means all cameras, also later ones.
            pictures: the results' `frame` is needed. It costs memory: without such a subscriber
                it is None.

        Returns:
            Ends the subscription when called; may be called more than once.

        Raises:
            CameraNotFoundError: there is no such camera.
        """


class Tracker(Protocol):
    """Follows the objects of one camera; used by one thread at a time."""

    @property
    def least_score(self) -> float:
        """Least score of a detection that it can use; it may be lower than what is shown."""
        ...

    def update(self, detections: Detections, capture_ns: int) -> Sequence[Track]:
        """Take the detections of the next frame.

        Args:
            detections: of the frame, boxes in pixels of the picture.
            capture_ns: capture time of the frame, nanoseconds since 1970.

        Returns:
            The objects that are followed now.
        """


class EventFinder(Protocol):
    """Turns the tracks of one camera into events; used by one thread at a time."""

    def update(self, result: CameraResult) -> Sequence[CameraEvent]:
        """Take a result with its tracks; what happened since the one before."""
