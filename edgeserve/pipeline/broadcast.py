"""Results of cameras to all who want them; nobody waits for anybody."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeserve.domain.camera import CameraResult, Subscriber

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Subscription:
    subscriber: Subscriber
    camera: str | None
    pictures: bool

    def covers(self, camera: str) -> bool:
        return self.camera is None or self.camera == camera


class Broadcaster:
    """Calls every subscriber for every result, one after the other."""

    def __init__(self) -> None:
        """Begin without subscribers."""
        self._lock = threading.Lock()
        # Replaced, never changed: whoever publishes walks over it without the lock.
        self._subscriptions: tuple[_Subscription, ...] = ()

    def subscribe(
        self,
        subscriber: Subscriber,
        camera: str | None = None,
        *,
        pictures: bool = False,
    ) -> Callable[[], None]:
        """See `edgeserve.domain.camera.CameraResults`."""
        added = _Subscription(subscriber, camera, pictures)
        with self._lock:
            self._subscriptions = (*self._subscriptions, added)

        def end() -> None:
            with self._lock:
                self._subscriptions = tuple(s for s in self._subscriptions if s is not added)

        return end

    def wants_pictures(self, camera: str) -> bool:
        """Whether any subscriber of a camera needs the pictures themselves."""
        return any(s.pictures and s.covers(camera) for s in self._subscriptions)

    def publish(self, result: CameraResult) -> None:
        """Tell everybody. What a subscriber raises is logged."""
        for subscription in self._subscriptions:
            if not subscription.covers(result.camera):
                continue
            try:
                subscription.subscriber(result)
            except Exception:  # noqa: BLE001 - whatever it is, the others are told
                _log.exception("a subscriber of camera %s failed on a result", result.camera)


class Watcher:
    """A subscriber that keeps results until they are fetched; one that is too slow is let go."""

    def __init__(
        self,
        most: int,
        on_change: Callable[[], None],
        on_let_go: Callable[[], None],
    ) -> None:
        """Prepare a watcher.

        Args:
            most: results kept.
            on_change: called from the dispatcher's thread when there is something to fetch.
            on_let_go: called once, likewise, when there was one result too many.
        """
        self._lock = threading.Lock()
        self._results: deque[CameraResult] = deque()
        self._most = most
        self._on_change = on_change
        self._on_let_go = on_let_go
        self.let_go = False
        """Whether results were lost, and no more come."""
        self.ended = False
        """Whether the camera is no longer there."""

    def __call__(self, result: CameraResult, /) -> None:
        """Keep a result."""
        if self.let_go:
            return
        with self._lock:
            self.let_go = len(self._results) >= self._most
            if self.let_go:
                self._results.clear()
            else:
                self._results.append(result)
        if self.let_go:
            self._on_let_go()
        self._on_change()

    def take(self) -> list[CameraResult]:
        """Remove and return what is kept, oldest first."""
        with self._lock:
            taken = list(self._results)
            self._results.clear()
        return taken

    def end(self) -> None:
        """The camera was removed, or the server stops."""
        self.ended = True
        self._on_change()
