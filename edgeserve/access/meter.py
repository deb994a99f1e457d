"""What one client uses, held against what one client may."""

from __future__ import annotations

import time
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from edgeserve.access.rate import TokenBucket
from edgeserve.access.refusals import Reason, Refusals
from edgeserve.domain.errors import LimitReachedError, RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgeserve.access.options import AccessOptions

_MOST_CLIENTS = 10_000
"""Remembered at once. One that is idle and forgotten has a full second again."""


class _Rate(NamedTuple):
    setting: str
    limit: float
    unit: str
    bucket: TokenBucket


class Meter:
    """The use of one client, over all its connections; for the event loop's thread only.

    Attributes:
        counts_pixels: whether `charge` wants to know the pixels of a frame.
    """

    def __init__(
        self,
        who: str,
        options: AccessOptions,
        clock: Callable[[], float] = time.monotonic,
        refusals: Refusals | None = None,
    ) -> None:
        """Count from zero.

        Args:
            who: the client, for errors.
            options: the limits; those of 0 are none.
            clock: monotonic, in seconds.
            refusals: counts what is refused.
        """
        self._who = who
        self._refusals = refusals or Refusals()
        self._clock = clock
        self._most_streams = options.client_max_streams
        self._open = 0
        now_s = clock()

        def rate(setting: str, unit: str) -> tuple[_Rate, ...]:
            limit: float = getattr(options, setting)
            bucket = TokenBucket(limit, now_s) if limit else None
            return () if bucket is None else (_Rate(setting, limit, unit, bucket),)

        self._calls = rate("client_max_calls", "calls")
        self._frames = rate("client_max_fps", "frames")
        self._bytes = rate("client_max_bytes", "bytes")
        self._pixels = rate("client_max_pixels", "pixels")
        self.counts_pixels = bool(self._pixels)

    @property
    def idle(self) -> bool:
        """Whether nothing of the client is open."""
        return not self._open

    @contextmanager
    def call(self) -> Iterator[None]:
        """A stream or call of the client, for as long as it runs.

        Raises:
            LimitReachedError: it has too many, or begins them too fast; naming the setting.
        """
        most = self._most_streams
        if most and self._open >= most:
            text = (
                f"{self._who} has {most} streams and calls open; the limit is {most} "
                "(setting client_max_streams)"
            )
            self._refusals.add(Reason.CLIENT_MAX_STREAMS)
            raise LimitReachedError(text)
        now_s = self._clock()
        for rate in self._calls:
            if rate.bucket.wait_s(1, now_s):
                self._refusals.add(Reason(rate.setting))
                raise LimitReachedError(self._too_much(rate))
            rate.bucket.take(1, now_s)
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    def charge(self, size_bytes: int, pixels: int = 0) -> None:
        """Count a frame, or refuse it; a refused one costs nothing.

        Raises:
            RateLimitedError: naming the setting.
        """
        now_s = self._clock()
        costs = self._costs(size_bytes, pixels)
        for rate, cost in costs:
            wait_s = rate.bucket.wait_s(cost, now_s)
            if wait_s:
                self._refusals.add(Reason(rate.setting))
                raise RateLimitedError(self._too_much(rate), wait_s)
        for rate, cost in costs:
            rate.bucket.take(cost, now_s)

    def charge_ahead(self, size_bytes: int, pixels: int = 0) -> float:
        """Count a frame in any case; return the seconds to wait before the next is read."""
        now_s = self._clock()
        wait_s = 0.0
        for rate, cost in self._costs(size_bytes, pixels):
            rate.bucket.take(cost, now_s)
            wait_s = max(wait_s, rate.bucket.wait_s(0, now_s))
        return wait_s

    def _costs(self, size_bytes: int, pixels: int) -> list[tuple[_Rate, float]]:
        return [
            *((rate, 1.0) for rate in self._frames),
            *((rate, float(size_bytes)) for rate in self._bytes),
            *((rate, float(pixels)) for rate in self._pixels),
        ]

    def _too_much(self, rate: _Rate) -> str:
        return (
            f"{self._who} sends more than {rate.limit:g} {rate.unit} a second "
            f"(setting {rate.setting})"
        )


class Meters:
    """A meter for each client."""

    def __init__(self, options: AccessOptions, refusals: Refusals | None = None) -> None:
        """Begin without any; what they refuse is counted together."""
        self._options = options
        self._refusals = refusals or Refusals()
        self._meters: OrderedDict[str, Meter] = OrderedDict()

    def of(self, who: str) -> Meter:
        """The meter of a client."""
        meter = self._meters.get(who)
        if meter is None:
            meter = self._meters[who] = Meter(who, self._options, refusals=self._refusals)
            self._forget()
        self._meters.move_to_end(who)
        return meter

    def _forget(self) -> None:
        """Let the longest unused go, where nothing of it is open."""
        while len(self._meters) > _MOST_CLIENTS:
            who, meter = self._meters.popitem(last=False)
            if not meter.idle:
                self._meters[who] = meter
                return
