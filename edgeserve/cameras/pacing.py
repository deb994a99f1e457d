"""Frames at a camera's speed, from a source that gives them as fast as they are taken."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from edgeserve.domain.frame import EncodedFrame


def paced(
    frames: Iterable[EncodedFrame],
    fps: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[EncodedFrame]:
    """Give frame n at start + n / fps.

    Late frames are given at once, so that small delays do not add up. After a long delay the
    schedule moves instead: at most one frame is caught up, never a burst.

    Args:
        frames: what to give; each is made ready before its time comes.
        fps: frames a second.
        clock: seconds, never going back.
        sleep: waits for so many seconds.

    Raises:
        ConfigurationError: `fps` is not a number above 0.
    """
    if not (math.isfinite(fps) and fps > 0):
        text = f"fps is {fps}; expected a number above 0"
        raise ConfigurationError(text)
    return _paced(frames, 1 / fps, clock, sleep)


def _paced(
    frames: Iterable[EncodedFrame],
    period_s: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Iterator[EncodedFrame]:
    start_s: float | None = None
    for number, frame in enumerate(frames):
        now_s = clock()
        if start_s is None:
            start_s = now_s
        late_s = now_s - (start_s + number * period_s)
        if late_s > period_s:
            start_s += late_s - period_s
        elif late_s < 0:
            sleep(-late_s)
        yield frame
