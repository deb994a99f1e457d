"""Options of OpenCV's FFmpeg for one source, although they are the whole process's.

OpenCV reads them from an environment variable whenever it opens a stream. Sources that want the
same open side by side; who wants others waits until these have opened, and later ones queue up
behind it.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARIABLE = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
# FFmpeg writes to standard error whatever it dislikes, frame by frame; -8 is silence.
_LOG_LEVEL = ("OPENCV_FFMPEG_LOGLEVEL", "-8")


class _Gate:
    def __init__(self) -> None:
        self._turn = threading.Lock()
        """Held by whoever waits for others' options to be given up, so that nobody overtakes."""
        self._changed = threading.Condition()
        self._open = 0
        self._options = ""
        self._own = os.environ.get(_VARIABLE, "")
        """What whoever started the process wants for sources that want nothing."""

    @contextmanager
    def __call__(self, options: str) -> Iterator[None]:
        """Open a source under these options (`name;value|name;value`, "" for OpenCV's own)."""
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._open == 0 or self._options == options)
            if self._open == 0:
                self._options = options
                os.environ.setdefault(*_LOG_LEVEL)
                if wanted := options or self._own:
                    os.environ[_VARIABLE] = wanted
                else:
                    os.environ.pop(_VARIABLE, None)
            self._open += 1
        try:
            yield
        finally:
            with self._changed:
                self._open -= 1
                self._changed.notify_all()


ffmpeg_options = _Gate()
"""The gate of this process."""
