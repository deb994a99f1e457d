"""One camera while somebody looks at it: each frame is made into a message once, for all."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from edgeserve.cameras.picker import Picker
from edgeserve.domain.errors import InvalidImageError
from edgeserve.drawing.preview import preview_jpeg
from edgeserve.web.records import encode, frame_record

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from edgeserve.domain.camera import CameraResult

_log = logging.getLogger(__name__)
_LENGTH_BYTES = 4


class View:
    """A subscriber of one camera. Its newest message is what every viewer is sent next.

    A result that comes while the one before is being encoded replaces any that waits for that,
    so a slow machine shows fewer pictures, and no old ones.
    """

    def __init__(
        self,
        encoder: Executor,
        loop: asyncio.AbstractEventLoop,
        *,
        fps: float,
        width_px: int,
    ) -> None:
        """Prepare a view.

        Args:
            encoder: where pictures are encoded.
            loop: where viewers wait.
            fps: most pictures a second.
            width_px: of the widest picture.
        """
        self._encoder = encoder
        self._loop = loop
        self._picker = Picker(fps=fps)
        self._width_px = width_px
        self._lock = threading.Lock()
        self._waiting: CameraResult | None = None
        self._encoding = False
        self._message = b""
        self._number = 0
        self._changed = loop.create_future()
        self.viewers = 0

    def __call__(self, seen: CameraResult, /) -> None:
        """Take a result, in the dispatcher's thread; see `Subscriber`."""
        if seen.frame is None or not self._picker.take(time.monotonic()):
            return
        with self._lock:
            self._waiting = seen
            if self._encoding:
                return
            self._encoding = True
        # The encoder ends before the last result comes when the server stops.
        with suppress(RuntimeError):
            self._encoder.submit(self._encode)

    async def next(self, after: int, timeout_s: float) -> tuple[int, bytes]:
        """The newest message, once it has another number than `after`.

        Returns:
            Its number and the message; `after` and nothing where none came in time.
        """
        if self._number == after:
            await asyncio.wait({self._changed}, timeout=timeout_s)
        return self._number, b"" if self._number == after else self._message

    def end(self) -> None:
        """Wake all who wait."""
        self._changed.set_result(None)
        self._changed = self._loop.create_future()

    def _encode(self) -> None:
        with self._lock:
            seen, self._waiting = self._waiting, None
        message = None if seen is None else self._written(seen)
        with self._lock:
            again = self._encoding = self._waiting is not None
        with suppress(RuntimeError):
            if message is not None:
                self._loop.call_soon_threadsafe(self._show, message)
            # Behind the other cameras' pictures.
            if again:
                self._encoder.submit(self._encode)

    def _written(self, seen: CameraResult) -> bytes | None:
        try:
            jpeg = preview_jpeg(seen, self._width_px)
        except InvalidImageError as error:
            _log.debug("camera %s: %s", seen.camera, error)
            return None
        head = encode(frame_record(seen)).encode()
        return b"".join((len(head).to_bytes(_LENGTH_BYTES, "big"), head, jpeg))

    def _show(self, message: bytes) -> None:
        self._message = message
        self._number += 1
        self.end()
