"""A handler that writes some lines of a kind and counts the rest."""

from __future__ import annotations

import logging
import sys
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from edgeserve.domain.origin import Origin, current_origin

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    _StreamHandler = logging.StreamHandler[TextIO]
else:
    _StreamHandler = logging.StreamHandler  # no subscript before Python 3.11

_WINDOW_S = 10.0
_KINDS = 1000
_KEY_LETTERS = 200


class _Kind(NamedTuple):
    logger: str
    level: int
    words: str
    camera: str


@dataclass(slots=True)
class _Window:
    """The lines of one kind since the first of them."""

    kind: _Kind
    began_s: float
    origin: Origin
    written: int = 0
    suppressed: int = 0
    last_text: str = ""


class LimitedHandler(_StreamHandler):
    """Writes to standard error.

    Lines are of one kind if place, weight, the words before their values are filled in, and the
    camera are the same. So a camera that fails cannot silence another, and a client that opens
    streams in a loop cannot fill the disk.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Choose the limit.

        Args:
            most: lines of a kind in 10 s; 0: all.
            clock: seconds.
        """
        super().__init__()
        self._most = most
        self._clock = clock
        self._windows: OrderedDict[_Kind, _Window] = OrderedDict()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or count it; called with the handler's lock held."""
        if not self._most:
            super().emit(record)
            return
        now_s = self._clock()
        self._tell_before(now_s - _WINDOW_S)
        origin = getattr(record, "origin", None) or current_origin.get()
        words = str(record.msg)[:_KEY_LETTERS]
        kind = _Kind(record.name, record.levelno, words, origin.camera)
        window = self._windows.get(kind)
        if window is None:
            if len(self._windows) == _KINDS:
                self._tell(self._windows.popitem(last=False)[1])
            window = self._windows[kind] = _Window(kind, now_s, origin)
        if window.written < self._most:
            window.written += 1
            super().emit(record)
        else:
            window.suppressed += 1
            window.last_text = record.getMessage()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Tell of a line that cannot be made; there is no place to tell of one not written."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close(self) -> None:
        """Tell what was counted and not told yet."""
        self.acquire()
        try:
            self._tell_before(float("inf"))
        finally:
            self.release()
        super().close()

    def _tell_before(self, time_s: float) -> None:
        """End the windows that began earlier; they are in the order of their beginning."""
        while self._windows and next(iter(self._windows.values())).began_s < time_s:
            self._tell(self._windows.popitem(last=False)[1])

    def _tell(self, window: _Window) -> None:
        if not window.suppressed:
            return
        words = "%d more lines like this were not written (setting log_repeats): %s"
        told = {
            "name": window.kind.logger,
            "levelno": window.kind.level,
            "levelname": logging.getLevelName(window.kind.level),
            "msg": words,
            "args": (window.suppressed, window.last_text),
            "origin": Origin(camera=window.origin.camera),
            "suppressed": window.suppressed,
        }
        super().emit(logging.makeLogRecord(told))
