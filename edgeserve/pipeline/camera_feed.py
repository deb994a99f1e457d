"""One camera's way through the pipeline: its frames into a lane, their results to everybody."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgeserve.cameras.supervisor import Supervisor
from edgeserve.domain.camera import CameraResult
from edgeserve.domain.request import DetectOptions, Policy, StreamOptions
from edgeserve.domain.result import Status
from edgeserve.pipeline.low_scores import without_low_scores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgeserve.cameras.observer import CameraObserver
    from edgeserve.cameras.options import CameraOptions
    from edgeserve.cameras.supervisor import Deliver
    from edgeserve.domain.camera import EventFinder, Tracker
    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.result import FrameResult
    from edgeserve.pipeline.admission import FrameStream
    from edgeserve.pipeline.broadcast import Broadcaster
    from edgeserve.pipeline.served import ServedModels

_ROOM_S = 0.2
_LAST_RESULTS_S = 10.0


@dataclass(frozen=True, slots=True)
class _Sent:
    """What is kept of a frame until its result is there."""

    capture_ns: int
    frame: EncodedFrame | None


class _Session:
    """The frames of one connection."""

    def __init__(self, stream: FrameStream) -> None:
        self.stream = stream
        self.sent: dict[int, _Sent] = {}
        self.room = threading.Event()
        self.closed = False


class CameraFeed:
    """Joins a camera's supervisor with a stream of the pipeline."""

    def __init__(
        self,
        options: CameraOptions,
        models: ServedModels,
        broadcaster: Broadcaster,
        observer: CameraObserver,
        *,
        on_results: Callable[[CameraFeed], None],
        tracker: Tracker | None = None,
        event_finder: EventFinder | None = None,
    ) -> None:
        """Prepare a camera.

        Args:
            options: of the camera.
            models: what looks at its frames.
            broadcaster: who hears of the results.
            observer: of cameras.
            on_results: called, with a lane's lock held, when `dispatch` has something to do.
            tracker: follows its objects.
            event_finder: finds what happens to them.
        """
        self.options = options
        self._models = models
        self._broadcaster = broadcaster
        self._observer = observer
        self._on_results = on_results
        self._tracker = tracker
        self._event_finder = event_finder
        self._session: _Session | None = None
        self.dropped = 0
        """Frames that were read and not looked at, since a newer one came or for want of memory."""
        self.supervisor = Supervisor(options, self._open_session, observer)

    def check(self) -> None:
        """Hold the options against the model.

        Raises:
            RequestError: there is no such model, or an option does not fit it.
            ModelNotReadyError: it cannot serve now.
        """
        self._open_stream().close()

    def close(self) -> None:
        """End the camera; its thread follows as soon as the decoder lets it."""
        self.supervisor.close()
        session = self._session
        if session is not None:
            session.closed = True
            session.room.set()

    def dispatch(self) -> None:
        """Hand the results that are ready to everybody; called by one thread."""
        session = self._session
        if session is None:
            return
        for result in session.stream.take():
            session.stream.answered()
            session.room.set()
            sent = session.sent.pop(result.frame_id, None)
            self.dropped += result.status is Status.DROPPED
            if sent is not None and result.status is not Status.DROPPED:
                self._publish(result, sent, session.stream.detector.spec.thresholds.score)

    def _publish(self, result: FrameResult, sent: _Sent, usual_score: float) -> None:
        if result.age_us is not None:
            self._observer.frame_looked_at(self.options.name, result.age_us / 1e6)
        seen = CameraResult(
            camera=self.options.name,
            frame_number=result.frame_id,
            capture_time_unix_ns=sent.capture_ns,
            result=result,
            width_px=result.width_px,
            height_px=result.height_px,
            frame=sent.frame,
        )
        if result.status is Status.OK and self._tracker is not None:
            tracks = self._tracker.update(result.detections, sent.capture_ns)
            shown = usual_score if self.options.score is None else self.options.score
            seen = without_low_scores(replace(seen, tracks=tuple(tracks)), shown)
        if result.status is Status.OK and self._event_finder is not None:
            seen = replace(seen, events=tuple(self._event_finder.update(seen)))
        self._broadcaster.publish(seen)

    @contextmanager
    def _open_session(self) -> Iterator[Deliver]:
        session = _Session(self._open_stream())
        self._session = session
        try:
            yield lambda frame: self._submit(session, frame)
            # The last frames of a file are still on their way.
            deadline = time.monotonic() + _LAST_RESULTS_S
            while not (session.stream.idle or session.closed) and time.monotonic() < deadline:
                session.room.clear()
                if not session.stream.idle:
                    session.room.wait(_ROOM_S)
        finally:
            self._session = None
            session.stream.close()

    def _open_stream(self) -> FrameStream:
        options, score = self.options, self.options.score
        if self._tracker is not None:
            least = self._tracker.least_score
            score = least if score is None else min(score, least)
        return self._models.open_stream(
            StreamOptions(
                detect=DetectOptions(
                    model=options.model,
                    score_threshold=score,
                    iou_threshold=options.iou,
                    labels=options.classes,
                ),
                policy=Policy.LATEST if options.realtime else Policy.BLOCK,
                clock_synchronised=True,  # capture times are of this machine's clock
            ),
            source=options.name,
            on_change=lambda: self._on_results(self),
            weight=options.weight,
        )

    def _submit(self, session: _Session, frame: EncodedFrame) -> None:
        # A camera never waits (LATEST); a file that is to be seen whole does (BLOCK).
        while not self.options.realtime and session.stream.full and not session.closed:
            session.room.clear()
            if session.stream.full:
                session.room.wait(_ROOM_S)
        capture_ns = frame.capture_time_unix_ns or 0
        kept = frame if self._broadcaster.wants_pictures(self.options.name) else None
        session.sent[frame.frame_id] = _Sent(capture_ns, kept)
        session.stream.submit(frame)
