"""The cameras that somebody looks at now; nothing is encoded for one that nobody does."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edgeserve.domain.errors import LimitReachedError, NotAvailableError
from edgeserve.drawing.preview import snapshot_jpeg
from edgeserve.web.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgeserve.domain.camera import CameraResult
    from edgeserve.pipeline.cameras import Cameras
    from edgeserve.web.options import WebOptions

_PATIENCE_S = 5.0
"""For a camera to give the picture that a snapshot wants."""


class Views:
    """Shared by all viewers of a server; used on the loop's thread."""

    def __init__(self, cameras: Cameras, options: WebOptions) -> None:
        """Look at nothing yet. To be made where a loop runs.

        Args:
            cameras: of the server.
            options: rates and sizes.
        """
        self._cameras = cameras
        self._options = options
        self._loop = asyncio.get_running_loop()
        # One thread: however many look, the detections keep the other cores.
        self._encoder = ThreadPoolExecutor(max_workers=1, thread_name_prefix="web-encoder")
        self._views: dict[str, tuple[View, Callable[[], None]]] = {}
        self._snapshots: dict[tuple[str, bool], tuple[float, asyncio.Task[bytes]]] = {}
        self._places_taken = 0
        self.closed = False
        """Whether the server stops: nobody is shown anything any more."""

    @property
    def pause_s(self) -> float:
        """Seconds between two pictures to one viewer, at the number of viewers that there are."""
        viewers = sum(view.viewers for view, _ in self._views.values())
        return viewers / self._options.live_total_fps

    def has(self, camera: str) -> bool:
        """Whether the server reads a camera of that name."""
        return any(status.name == camera for status in self._cameras.statuses())

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for somebody who stays.

        Raises:
            LimitReachedError: all are taken.
        """
        most = self._options.live_viewers
        if self._places_taken >= most:
            text = f"{most} viewers are there; the limit is {most} (setting live_viewers)"
            raise LimitReachedError(text)
        self._places_taken += 1
        try:
            yield
        finally:
            self._places_taken -= 1

    @contextmanager
    def look(self, camera: str) -> Iterator[View]:
        """Look at a camera, together with all who do.

        Raises:
            CameraNotFoundError: there is none of that name.
        """
        if camera not in self._views:
            options = self._options
            view = View(
                self._encoder, self._loop, fps=options.live_fps, width_px=options.live_width
            )
            end = self._cameras.subscribe(view, camera, pictures=True)
            self._views[camera] = (view, end)
        view, end = self._views[camera]
        view.viewers += 1
        try:
            yield view
        finally:
            view.viewers -= 1
            if not view.viewers:
                end()
                self._views.pop(camera, None)

    async def snapshot(self, camera: str, *, boxes: bool) -> bytes:
        """The camera's next picture as JPEG; all who ask at about the same time get the same one.

        Raises:
            CameraNotFoundError: there is none of that name.
            NotAvailableError: it gives no picture.
            InvalidImageError: its picture cannot be decoded.
        """
        now_s = time.monotonic()
        until_s, task = self._snapshots.get((camera, boxes), (0.0, None))
        if task is None or (task.done() and now_s >= until_s):
            task = asyncio.create_task(self._take(camera, boxes=boxes))
            self._snapshots[camera, boxes] = (now_s + 1 / self._options.live_fps, task)
            task.add_done_callback(lambda _: self._forget_later(camera, boxes=boxes))
        # One who goes away does not take it from the others.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Let all viewers go."""
        self.closed = True
        for view, end in self._views.values():
            end()
            view.end()
        tasks = [task for _, task in self._snapshots.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._encoder.shutdown)

    async def _take(self, camera: str, *, boxes: bool) -> bytes:
        found: asyncio.Future[CameraResult] = self._loop.create_future()

        def take(seen: CameraResult) -> None:
            if seen.frame is not None and not found.done():
                found.set_result(seen)

        def subscriber(seen: CameraResult, /) -> None:
            self._loop.call_soon_threadsafe(take, seen)

        end = self._cameras.subscribe(subscriber, camera, pictures=True)
        try:
            seen = await asyncio.wait_for(found, _PATIENCE_S)
        except asyncio.TimeoutError:
            raise NotAvailableError(self._why_not(camera)) from None
        finally:
            end()
        status = next((s for s in self._cameras.statuses() if s.name == camera), None)
        zones, lines = (status.zones, status.lines) if status else ((), ())
        return await self._loop.run_in_executor(
            self._encoder,
            lambda: snapshot_jpeg(seen, boxes=boxes, zones=zones, lines=lines),
        )

    def _forget_later(self, camera: str, *, boxes: bool) -> None:
        """A picture is kept for as long as it is new, not for ever."""
        if self.closed:
            return

        def forget() -> None:
            until_s, task = self._snapshots.get((camera, boxes), (0.0, None))
            if task is not None and task.done() and time.monotonic() >= until_s:
                del self._snapshots[camera, boxes]

        until_s, task = self._snapshots[camera, boxes]
        if not task.cancelled() and task.exception() is not None:
            del self._snapshots[camera, boxes]
            return
        self._loop.call_later(max(0.0, until_s - time.monotonic()) + 0.01, forget)

    def _why_not(self, camera: str) -> str:
        for status in self._cameras.statuses():
            if status.name == camera:
                why = f": {status.last_error}" if status.last_error else ""
                return f"camera {camera!r} gives no picture; it is {status.state.value}{why}"
        return f"camera {camera!r} was removed"
