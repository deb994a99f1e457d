"""One camera, read for as long as the server runs: it breaks, we do not.

::

    CONNECTING ──first frame──▶ RUNNING ──no frame──▶ STALLED
        ▲  │                     │  ▲────a frame────────┘ │
        │  └──cannot connect──┐  └──breaks──┐  ┌──breaks──┘
        │                     ▼             ▼  ▼
        └──────pause over──────────────── WAITING          PAUSED: from and to anywhere
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from edgeserve.cameras.camera_frames import CameraFrames
from edgeserve.cameras.reading import FramesStoppedError
from edgeserve.domain.backoff import Backoff
from edgeserve.domain.camera import CameraState, CameraStatus
from edgeserve.domain.credentials import without_credentials
from edgeserve.domain.errors import EdgeserveError
from edgeserve.domain.origin import Origin, current_origin

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from edgeserve.cameras.observer import CameraObserver
    from edgeserve.cameras.options import CameraOptions
    from edgeserve.domain.frame import EncodedFrame

    Deliver = Callable[[EncodedFrame], None]
    """Takes a frame with its number, arrival and capture time; soon."""

_log = logging.getLogger(__name__)
_RATE_FRAMES = 64
_RATE_S = 5.0
_STEADY_S = 10.0
"""A connection that lasted so long was good: the next pause is short again."""


class _FileEndedError(Exception):
    """A file that is not looped is over."""


class Supervisor:
    """The thread of one camera, and what is known of it."""

    def __init__(
        self,
        options: CameraOptions,
        open_session: Callable[[], AbstractContextManager[Deliver]],
        observer: CameraObserver,
    ) -> None:
        """Prepare a camera; `start` begins to read it.

        Args:
            options: of the camera.
            open_session: makes a place where the frames of one connection go; its domain errors
                count as a failed try.
            observer: hears what happens.
        """
        self.options = options
        self._open_session = open_session
        self._observer = observer
        self._lock = threading.Lock()
        self._wake = threading.Event()
        """Set when the thread is to look up: the camera was paused, resumed or closed."""
        self._closed = False
        self._paused = options.paused
        self._state = CameraState.PAUSED if options.paused else CameraState.CONNECTING
        self._frame_number = 0
        self._last_frame_s = 0.0
        self._last_frame_unix_ns = 0
        self._times_s: deque[float] = deque(maxlen=_RATE_FRAMES)
        self._reconnects = 0
        self._stalls = 0
        self._broke = False
        self._source: CameraFrames | None = None
        self._last_error = ""
        self._decoder = ""
        self._zones, self._lines = options.places()
        self._origin = Origin(camera=options.name)
        self._thread = threading.Thread(
            target=self._run,
            name=f"camera-{options.name}",
            daemon=True,  # a driver that hangs must not hold the program's end
        )

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def pause(self, *, paused: bool) -> None:
        """Stop reading and let the camera go, or go on."""
        with self._lock:
            self._paused = paused
            self._wake.set()

    def close(self) -> None:
        """Tell the thread to end; it does as soon as the decoder lets it."""
        with self._lock:
            self._closed = True
            self._wake.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread's end; whether it came."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def watch(self, now_s: float) -> None:
        """Notice a stall; to be called several times a second, `now_s` on the monotonic clock."""
        with self._lock:
            silent_s = now_s - self._last_seen_s()
            if self._state is CameraState.RUNNING and silent_s > self.options.stall_timeout:
                self._stall()
            elif self._state is CameraState.STALLED and silent_s <= self.options.stall_timeout:
                self._state = CameraState.RUNNING

    def status(self) -> CameraStatus:
        """What is known of the camera."""
        with self._lock:
            return CameraStatus(
                name=self.options.name,
                state=self._state,
                model=self.options.model,
                fps=self._fps(time.monotonic()),
                last_frame_unix_ns=self._last_frame_unix_ns,
                reconnects=self._reconnects,
                stalls=self._stalls,
                last_error=self._last_error,
                zones=self._zones,
                lines=self._lines,
                decoder=self._decoder,
            )

    def _run(self) -> None:
        current_origin.set(self._origin)
        backoff = Backoff(self.options.reconnect_first, self.options.reconnect_max)
        while not self._closed:
            # What changes after this look sets it again.
            self._wake.clear()
            if self._paused:
                self._set(CameraState.PAUSED)
                if not self._closed:
                    self._sleep(None)
                continue
            # A call for each: an error knows the connection that it ended, and its stream's model.
            self._try(backoff)

    def _try(self, backoff: Backoff) -> None:
        """Read one connection to its end, and wait before the next."""
        began_s = time.monotonic()
        error = self._connect()
        if error is None or self._closed or self._paused:
            return
        if isinstance(error, _FileEndedError):
            self._end_of_file()
            return
        if self._steady(began_s):
            backoff.reset()
        wait_s = backoff.wait_s()
        self._fail(error, wait_s)
        self._sleep(wait_s)

    def _connect(self) -> Exception | None:
        """Read one connection to its end: what ended it, None if the operator did."""
        self._set(CameraState.CONNECTING)
        try:
            with (
                closing(CameraFrames(self.options, self._sleep)) as source,
                self._open_session() as deliver,
                closing(iter(source)) as frames,
            ):
                self._source = source
                for frame in frames:
                    if self._wake.is_set() and self._interrupted():
                        return None
                    self._decoder = source.decoder
                    deliver(self._stamped(frame))
        except EdgeserveError as error:
            return error
        except Exception as error:  # noqa: BLE001 - one camera's fault must not end its thread
            _log.exception("camera %s: unexpected fault", self.options.name)
            return error
        finally:
            self._source = None
        return _FileEndedError()

    def _interrupted(self) -> bool:
        with self._lock:
            if not (self._closed or self._paused):
                self._wake.clear()
            return self._closed or self._paused

    def _stamped(self, frame: EncodedFrame) -> EncodedFrame:
        now_s, now_unix_ns = time.monotonic(), time.time_ns()
        with self._lock:
            number = self._frame_number
            self._frame_number += 1
            self._last_frame_s, self._last_frame_unix_ns = now_s, now_unix_ns
            self._times_s.append(now_s)
            running = self._state is CameraState.RUNNING
            if not running:
                self._state = CameraState.RUNNING
            came_back = not running and self._broke
            if came_back:
                self._broke = False
                self._reconnects += 1
        self._observer.frame_read(self.options.name, now_unix_ns / 1e9)
        if came_back:
            self._observer.camera_reconnected(self.options.name)
        if not running:
            _log.info("camera %s: frames come", self.options.name)
        capture_ns = frame.capture_time_unix_ns
        return replace(
            frame,
            frame_id=number,
            arrival_ns=time.monotonic_ns(),
            capture_time_unix_ns=now_unix_ns if capture_ns is None else capture_ns,
        )

    def _stall(self) -> None:
        """Lock held."""
        self._state = CameraState.STALLED
        self._stalls += 1
        self._last_error = f"no frame for {self.options.stall_timeout:g} s (setting stall_timeout)"
        self._observer.camera_stalled(self.options.name)
        _log.warning(
            "camera %s: %s", self.options.name, self._last_error, extra={"origin": self._origin}
        )

    def _fail(self, error: Exception, wait_s: float) -> None:
        words = without_credentials(str(error)) or type(error).__name__
        with self._lock:
            if isinstance(error, FramesStoppedError) and self._state is CameraState.RUNNING:
                silent_s = time.monotonic() - self._last_frame_s
                if silent_s > min(self.options.stall_timeout, self.options.read_timeout) * 0.9:
                    self._stall()
            again = self._last_error == words
            self._last_error = words
            self._state = CameraState.WAITING
            self._broke = True
            self._times_s.clear()
        self._observer.camera_failed(self.options.name)
        # A camera that is off for a day is one line, not thousands.
        level = logging.DEBUG if again else logging.WARNING
        _log.log(level, "camera %s: %s; next try in %.1f s", self.options.name, words, wait_s)

    def _end_of_file(self) -> None:
        with self._lock:
            self._paused = True
            self._last_error = "the file has ended; resume the camera to play it again"

    def _steady(self, began_s: float) -> bool:
        with self._lock:
            return self._last_frame_s - began_s > _STEADY_S

    def _last_seen_s(self) -> float:
        """When the camera last showed life; lock held. A file cannot stall: it waits for us."""
        source = self._source
        if source is None:
            return self._last_frame_s
        return max(self._last_frame_s, source.last_seen_s) if source.live else time.monotonic()

    def _fps(self, now_s: float) -> float:
        """Lock held."""
        recent = [time_s for time_s in self._times_s if now_s - time_s < _RATE_S]
        if len(recent) < 2:  # noqa: PLR2004 - a rate needs two
            return 0.0
        return (len(recent) - 1) / max(now_s - recent[0], 1e-3)

    def _set(self, state: CameraState) -> None:
        with self._lock:
            self._state = state
            if state is CameraState.PAUSED:
                self._times_s.clear()

    def _sleep(self, seconds: float | None) -> None:
        """Wait so long (None: until woken), or until the camera is paused, resumed or closed."""
        self._wake.wait(seconds)
