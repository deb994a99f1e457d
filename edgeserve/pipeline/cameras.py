"""All cameras of a server: added, removed, paused, watched over, and what is seen on them."""

from __future__ import annotations

import logging
import queue
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from edgeserve.cameras.camera_frames import CameraFrames
from edgeserve.domain.errors import (
    CameraNotFoundError,
    ConfigurationError,
    ModelNotReadyError,
    NotAvailableError,
    RequestError,
)
from edgeserve.domain.origin import Origin, current_origin
from edgeserve.pipeline.broadcast import Broadcaster, Watcher
from edgeserve.pipeline.camera_feed import CameraFeed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from edgeserve.cameras.observer import CameraObserver
    from edgeserve.cameras.options import CameraOptions
    from edgeserve.domain.camera import CameraStatus, EventFinder, Subscriber, Tracker
    from edgeserve.pipeline.served import ServedModels

_log = logging.getLogger(__name__)
_TICK_S = 0.2
_CLOSE_S = 3.0
_MOST_WAITING = 128
"""Results that wait for a watcher: some seconds of a camera."""
_MOST_WAITING_PICTURES = 8


def _none(_options: CameraOptions) -> None:
    """Nothing follows a camera's objects."""


class Cameras:
    """The cameras of a server, by name.

    One thread, the dispatcher, takes results out of the pipeline, has them tracked, calls the
    subscribers, and looks for stalls; each camera has a thread of its own that reads it.
    """

    def __init__(
        self,
        models: ServedModels,
        observer: CameraObserver,
        *,
        make_tracker: Callable[[CameraOptions], Tracker | None] = _none,
        make_event_finder: Callable[[CameraOptions], EventFinder | None] = _none,
    ) -> None:
        """Begin without cameras; `close` ends the dispatcher that this starts.

        Args:
            models: what looks at the frames.
            observer: of cameras.
            make_tracker: what follows a camera's objects; None where nothing does.
            make_event_finder: what finds events on it; None where nothing does.
        """
        self._models = models
        self._observer = observer
        self._make_tracker = make_tracker
        self._make_event_finder = make_event_finder
        self._lock = threading.Lock()
        self._feeds: dict[str, CameraFeed] = {}
        self._watchers: dict[Watcher, str] = {}
        self._leaving: list[CameraFeed] = []
        self._broadcaster = Broadcaster()
        self._ready: queue.SimpleQueue[CameraFeed | None] = queue.SimpleQueue()
        self._dispatcher = threading.Thread(target=self._dispatch, name="cameras", daemon=True)
        self._dispatcher.start()

    def add(self, options: CameraOptions) -> None:
        """Read one more camera from now on.

        Raises:
            RequestError: one of that name is there.
            ConfigurationError: its URL is no source, or its options do not fit its model.
        """
        feed = self._feed(options)
        _check(feed)
        with self._lock:
            self._refuse_second(options.name)
            self._feeds[options.name] = feed
        self._observer.camera_added(options.name)
        feed.supervisor.start()

    def check(self, options: CameraOptions, *, new: bool) -> None:
        """Raise what `add` would, and add nothing.

        Args:
            options: of the camera.
            new: no camera of that name may be there.
        """
        _check(self._feed(options))
        if new:
            with self._lock:
                self._refuse_second(options.name)

    def remove(self, name: str) -> None:
        """Read a camera no longer; those who watch it are told.

        Raises:
            CameraNotFoundError: there is none of that name.
        """
        with self._lock:
            feed = self._find(name)
            del self._feeds[name]
            self._leaving.append(feed)
            watchers = [w for w, camera in self._watchers.items() if camera == name]
        feed.close()
        for watcher in watchers:
            watcher.end()
        self._observer.camera_removed(name)

    def pause(self, name: str, *, paused: bool) -> None:
        """Let a camera go for a while, or read it again.

        Raises:
            CameraNotFoundError: there is none of that name.
        """
        with self._lock:
            feed = self._find(name)
        feed.supervisor.pause(paused=paused)

    def statuses(self) -> list[CameraStatus]:
        """The state of each camera, in the order in which they were added."""
        with self._lock:
            feeds = list(self._feeds.values())
        return [feed.supervisor.status() for feed in feeds]

    def dropped(self) -> dict[str, int]:
        """For each camera, how many of its frames were not looked at."""
        with self._lock:
            return {name: feed.dropped for name, feed in self._feeds.items()}

    def subscribe(
        self,
        subscriber: Subscriber,
        camera: str | None = None,
        *,
        pictures: bool = False,
    ) -> Callable[[], None]:
        """See `edgeserve.domain.camera.CameraResults`."""
        if camera is not None:
            with self._lock:
                self._find(camera)
        return self._broadcaster.subscribe(subscriber, camera, pictures=pictures)

    def watch(
        self,
        camera: str,
        on_change: Callable[[], None],
        *,
        pictures: bool = False,
    ) -> tuple[Watcher, Callable[[], None]]:
        """A bounded queue of a camera's results, and what ends it.

        Args:
            camera: its name.
            on_change: called from another thread when the queue has something to tell.
            pictures: the results' `frame` is needed.

        Raises:
            CameraNotFoundError: there is none of that name.
        """
        watcher = Watcher(
            _MOST_WAITING_PICTURES if pictures else _MOST_WAITING,
            on_change,
            lambda: self._observer.watcher_let_go(camera),
        )
        with self._lock:
            self._find(camera)
            self._watchers[watcher] = camera
        unsubscribe = self._broadcaster.subscribe(watcher, camera, pictures=pictures)

        def end() -> None:
            unsubscribe()
            with self._lock:
                self._watchers.pop(watcher, None)

        return watcher, end

    def end_watches(self) -> None:
        """Tell all who watch that nothing more comes."""
        with self._lock:
            watchers = list(self._watchers)
        for watcher in watchers:
            watcher.end()

    def close(self) -> None:
        """End all cameras; threads that hang in a decoder are left behind."""
        with self._lock:
            feeds = [*self._feeds.values(), *self._leaving]
            self._feeds.clear()
        for feed in feeds:
            feed.close()
        deadline = time.monotonic() + _CLOSE_S
        hung = [
            feed.options.name
            for feed in feeds
            if not feed.supervisor.join(max(0, deadline - time.monotonic()))
        ]
        if hung:
            _log.warning("cameras that still wait for their source: %s", ", ".join(hung))
        self._ready.put(None)
        self._dispatcher.join(_CLOSE_S)

    def _feed(self, options: CameraOptions) -> CameraFeed:
        return CameraFeed(
            options,
            self._models,
            self._broadcaster,
            self._observer,
            on_results=self._ready.put,
            tracker=self._make_tracker(options),
            event_finder=self._make_event_finder(options),
        )

    def _refuse_second(self, name: str) -> None:
        """Lock held."""
        if name in self._feeds:
            text = f"a camera {name!r} is there already; remove it first"
            raise RequestError(text)

    def _find(self, name: str) -> CameraFeed:
        """Lock held."""
        feed = self._feeds.get(name)
        if feed is None:
            known = ", ".join(self._feeds) or "none"
            text = f"this server has no camera {name!r}; it reads {known}"
            raise CameraNotFoundError(text)
        return feed

    def _dispatch(self) -> None:
        due_s = 0.0
        while True:
            with suppress(queue.Empty):
                feed = self._ready.get(timeout=_TICK_S)
                if feed is None:
                    return
                current_origin.set(Origin(camera=feed.options.name))
                try:
                    feed.dispatch()
                except Exception:  # noqa: BLE001 - one camera's fault must not silence all
                    _log.exception("camera %s: a result was lost", feed.options.name)
            now_s = time.monotonic()
            if now_s >= due_s:
                due_s = now_s + _TICK_S
                self._watch_over(now_s)

    def _watch_over(self, now_s: float) -> None:
        with self._lock:
            feeds = list(self._feeds.values())
            self._leaving = [feed for feed in self._leaving if not feed.supervisor.join(0)]
        for feed in feeds:
            feed.supervisor.watch(now_s)


def add_all(cameras: Cameras, options: Iterable[CameraOptions]) -> None:
    """Add the cameras of a configuration.

    Raises:
        ConfigurationError: one of them makes no sense; the text names it.
    """
    for camera in options:
        _add_named(cameras, camera)


def _add_named(cameras: Cameras, camera: CameraOptions) -> None:
    try:
        cameras.add(camera)
    except (ConfigurationError, RequestError) as error:
        text = f"camera {camera.name}: {error}"
        raise ConfigurationError(text) from error


def _check(feed: CameraFeed) -> None:
    # A file or a model that is not there now may come: the supervisor goes on asking.
    with suppress(NotAvailableError):
        CameraFrames(feed.options, time.sleep).close()
    with suppress(ModelNotReadyError):
        feed.check()
