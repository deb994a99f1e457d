"""Requests through the pipeline: one at a time, or a stream of them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from edgeserve.domain.errors import EdgeserveError
from edgeserve.domain.request import Policy
from edgeserve.oip.call import Call
from edgeserve.oip.statistics import Statistics
from edgeserve.oip.stream import InferStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeserve.access.limits import Limits
    from edgeserve.access.places import Places
    from edgeserve.domain.result import FrameResult
    from edgeserve.pipeline.served import ServedModels
    from edgeserve.wire.oip.inference import InferRequest, InferResponse


class Inference:
    """Runs requests, and counts them; used from the event loop."""

    def __init__(self, models: ServedModels, limits: Limits, places: Places) -> None:
        """Run requests on these models, within these limits."""
        self.models = models
        self.places = places
        self.statistics = Statistics()
        self._limits = limits

    async def infer(
        self, request: InferRequest, *, source: str, deadline_ns: int | None = None
    ) -> InferResponse:
        """Answer one request.

        Args:
            request: of one frame or of several.
            source: label of its metrics.
            deadline_ns: when its client stops waiting, on the monotonic clock; None: never.

        Raises:
            EdgeserveError: it makes no sense, its model cannot serve, or a frame has no result.
        """
        started_ns = time.monotonic_ns()
        with self.places.take():
            call = Call.of(request, self.models, self._limits)
            try:
                results = await self._run(call, source, deadline_ns)
                response = call.answer(results)
            except EdgeserveError:
                self.failed(call, started_ns)
                raise
        self.statistics.succeeded(results, time.monotonic_ns() - started_ns)
        return response

    def open_stream(self, source: str, on_change: Callable[[], None]) -> InferStream:
        """A stream of requests; see `InferStream`."""
        return InferStream(self, self._limits, source, on_change)

    def failed(self, call: Call, started_ns: int) -> None:
        """Count a request whose model gave no answer."""
        self.statistics.failed(*call.model, time.monotonic_ns() - started_ns)

    async def _run(self, call: Call, source: str, deadline_ns: int | None) -> list[FrameResult]:
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()

        def notify() -> None:
            loop.call_soon_threadsafe(changed.set)

        stream = self.models.open_stream(
            # Of its frames, too: they may be dropped where there is no memory for them to wait.
            replace(call.options, policy=Policy.QUEUE, queue_size=len(call.frames)),
            source=source,
            on_change=notify,
            deadline_ns=deadline_ns,
        )
        results: list[FrameResult] = []
        try:
            for frame in call.frames:
                stream.submit(frame)
            while len(results) < len(call.frames):
                await changed.wait()
                changed.clear()
                results += stream.take()
        finally:
            stream.close()
        return results
