"""What every live frame goes through: whether to look at it, and when it was taken."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from edgeserve.cameras.picker import Picker
from edgeserve.cameras.reading import FellBehindError
from edgeserve.cameras.stream_clock import StreamClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeserve.cameras.reading import Reading


class Stamping:
    """Picks and dates the frames of one connection."""

    def __init__(
        self,
        reading: Reading,
        *,
        dated: bool = True,
        paced: bool = False,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Begin a connection.

        Args:
            reading: how the source is read.
            dated: its stamps tell the time. Those of MJPEG over HTTP do not: the decoder makes
                them up, 25 a second.
            paced: its frames come in bursts (HLS, segment by segment): each is held back until
                its time has come.
            sleep: waits for so many seconds.
        """
        self._picker = Picker(reading.every_nth, reading.fps)
        self._clock = StreamClock()
        self._most_lag_s = reading.max_lag_s
        self._dated = dated
        self._paced = paced
        self._sleep = sleep
        self._start: tuple[float, int] | None = None

    def capture_ns(self, stamp_ns: int | None) -> int | None:
        """Capture time of the frame that came now; None if it is not looked at.

        Args:
            stamp_ns: of the stream; None where it has none.

        Raises:
            FellBehindError: the frames come ever later.
        """
        if not self._dated:
            stamp_ns = None
        if self._paced and stamp_ns is not None:
            self._hold(stamp_ns)
        # The clock on the wall may be set meanwhile: it only says when now is.
        now_ns = time.monotonic_ns()
        age_ns = 0 if stamp_ns is None else now_ns - self._clock.date(stamp_ns, now_ns)
        capture_ns = time.time_ns() - age_ns
        if self._most_lag_s and self._clock.lag_s > self._most_lag_s:
            text = (
                f"the stream is {self._clock.lag_s:.1f} s behind its own clock "
                "(setting max_lag); it is opened anew"
            )
            raise FellBehindError(text)
        return capture_ns if self._picker.take(time.monotonic()) else None

    def _hold(self, stamp_ns: int) -> None:
        now_s = time.monotonic()
        if self._start is None or stamp_ns < self._start[1]:
            self._start = now_s, stamp_ns
        early_s = self._start[0] + (stamp_ns - self._start[1]) / 1e9 - now_s
        if early_s > 0:
            self._sleep(min(early_s, 1.0))
