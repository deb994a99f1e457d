"""Streams on the fake engine whose inferences the test holds and lets go, frame by frame."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.domain.request import StreamOptions
from edgeserve.pipeline.observer import NullObserver
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.domain.origin import Origin
    from edgeserve.domain.result import FrameResult
    from edgeserve.pipeline.admission import FrameStream
    from edgeserve.pipeline.options import PipelineOptions

PATIENCE_S = 60


def frame(
    number: int,
    *,
    arrival_ns: int | None = None,
    capture_time_unix_ns: int | None = None,
) -> EncodedFrame:
    """A small picture of one grey: its number, by which the fake engine knows it."""
    return EncodedFrame(
        frame_id=number,
        data=bytes([number]) * 64,
        encoding=Encoding.GRAY,
        width_px=8,
        height_px=8,
        arrival_ns=time.monotonic_ns() if arrival_ns is None else arrival_ns,
        capture_time_unix_ns=capture_time_unix_ns,
    )


class Inferences:
    """An answer of the fake engine that waits until the test lets the frame of a number go."""

    def __init__(self, faults: Mapping[int, Exception] | None = None) -> None:
        self.started: list[int] = []
        self._faults = faults or {}
        self._released: set[int] = set()
        self._open = False
        self._changed = threading.Condition()

    def __call__(self, tensor: NDArray[np.generic], /) -> Mapping[str, NDArray[np.float32]]:
        number = int(tensor[0, 32, 32, 0])
        with self._changed:
            self.started.append(number)
            self._changed.notify_all()
            self._wait(lambda: self._open or number in self._released)
        if number in self._faults:
            raise self._faults[number]
        return fakes.one_object(tensor)

    def wait_for(self, *numbers: int) -> None:
        """Until these frames are in inference, or were."""
        with self._changed:
            self._wait(lambda: set(numbers) <= set(self.started))

    def wait_for_any(self, count: int) -> None:
        """Until so many frames are in inference, or were."""
        with self._changed:
            self._wait(lambda: len(self.started) >= count)

    def release(self, *numbers: int) -> None:
        """Let the inference of these frames end."""
        with self._changed:
            self._released.update(numbers)
            self._changed.notify_all()

    def release_all(self) -> None:
        """Hold nothing any more."""
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def _wait(self, condition: Callable[[], bool]) -> None:
        assert self._changed.wait_for(condition, PATIENCE_S)


class Watcher(NullObserver):
    """Remembers all that the frame path tells."""

    def __init__(self) -> None:
        self.received = 0
        self.discarded = 0
        self.finished: list[FrameResult] = []
        self.working: list[int] = []
        self.open_streams = 0
        self._changed = threading.Condition()

    def frame_received(self, source: str) -> None:
        assert source == "test"
        self.received += 1

    def frame_finished(
        self,
        source: str,
        result: FrameResult,
        origin: Origin,  # noqa: ARG002 - the protocol's signature
    ) -> None:
        assert source == "test"
        with self._changed:
            self.finished.append(result)
            self._changed.notify_all()

    def frame_discarded(self, source: str) -> None:
        assert source == "test"
        self.discarded += 1

    def in_flight(self, device: str, change: int) -> None:
        assert device == "fake:CPU"
        with self._changed:
            self.working.append(change)
            self._changed.notify_all()

    def streams(self, change: int) -> None:
        self.open_streams += change

    def wait_for_results(self, count: int) -> None:
        """Until so many frames have a result."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.finished) >= count, PATIENCE_S)

    def wait_for_calm(self, ended: int) -> None:
        """Until a worker has ended its work on so many frames."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.working.count(-1) >= ended, PATIENCE_S)


class Feeder:
    """One side of a stream: submits and collects."""

    def __init__(self, open_stream: Callable[[Callable[[], None]], FrameStream]) -> None:
        self._ready = threading.Event()
        self.stream = open_stream(self._ready.set)

    def submit(self, *numbers: int) -> None:
        for number in numbers:
            self.stream.submit(frame(number))

    def collect(self, count: int) -> list[FrameResult]:
        """The next so many results, not one more."""
        results: list[FrameResult] = []
        while True:
            self._ready.clear()
            results += self.stream.take()
            if len(results) >= count:
                assert len(results) == count
                return results
            assert self._ready.wait(PATIENCE_S)


class Bench:
    """One model on one lane."""

    def __init__(
        self,
        inferences: Inferences,
        *,
        workers: int = 1,
        limits: PipelineOptions | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.inferences = inferences
        self.watcher = Watcher()
        self.models = fakes.served_models(
            inferences,
            workers=workers,
            options=limits,
            observer=self.watcher,
            clock=clock,
        )

    def open(self, options: StreamOptions | None = None) -> Feeder:
        wanted = options or StreamOptions()
        return Feeder(
            lambda notify: self.models.open_stream(wanted, source="test", on_change=notify),
        )

    def close(self) -> None:
        self.inferences.release_all()
        self.models.close()
