"""How each camera did lately: means over short periods, for curves."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from edgeserve.domain.result import Status
from edgeserve.web.records import STAGES, stages_us

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from edgeserve.domain.camera import CameraResult

PERIOD_S = 2
_PERIODS = 60
_COLUMNS = ("latency", "age", *STAGES)
_MICRO_TO_MS = 1000


class _Period:
    """Sums over one period."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.frames = 0
        self.sums_us = [0] * len(_COLUMNS)

    def means(self) -> dict[str, Any]:
        return {
            "time_unix_ms": self.number * PERIOD_S * 1000,
            "results_per_s": self.frames / PERIOD_S,
            **{
                f"{name}_ms": round(total / self.frames / _MICRO_TO_MS, 3)
                for name, total in zip(_COLUMNS, self.sums_us, strict=True)
            },
        }


class Figures:
    """A subscriber of all cameras; the last two minutes of each."""

    def __init__(self, clock_s: Callable[[], float] = time.time) -> None:
        """Begin with nothing; `clock_s` tells seconds since 1970."""
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._cameras: dict[str, deque[_Period]] = {}

    def __call__(self, seen: CameraResult, /) -> None:
        """Count a result; see `Subscriber`."""
        result = seen.result
        if result.status is not Status.OK:
            return
        number = self._now()
        with self._lock:
            periods = self._cameras.get(seen.camera)
            if periods is None:
                periods = self._cameras[seen.camera] = deque(maxlen=_PERIODS + 1)
            if not periods or periods[-1].number != number:
                periods.append(_Period(number))
            period = periods[-1]
            period.frames += 1
            for index, time_us in enumerate(
                (result.latency_us, result.age_us or 0, *stages_us(result.stages))
            ):
                period.sums_us[index] += time_us

    def history(self, camera: str) -> list[dict[str, Any]]:
        """Means of each period in which the camera gave results, oldest first; whole ones only."""
        now = self._now()
        with self._lock:
            return [
                period.means()
                for period in self._cameras.get(camera, ())
                if now - _PERIODS <= period.number < now
            ]

    def latest(self, camera: str) -> dict[str, Any] | None:
        """The last whole period, None if the camera gave nothing in it."""
        wanted = self._now() - 1
        with self._lock:
            for period in reversed(self._cameras.get(camera, ())):
                if period.number == wanted:
                    return period.means()
        return None

    def keep_only(self, cameras: Collection[str]) -> None:
        """Forget cameras that are no longer there."""
        with self._lock:
            for name in self._cameras.keys() - set(cameras):
                del self._cameras[name]

    def _now(self) -> int:
        return int(self._clock_s() // PERIOD_S)
