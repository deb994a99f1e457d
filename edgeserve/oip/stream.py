"""A stream of requests, each of which is answered.

Requests with the same model and options are one stream of the pipeline: they are answered in
their order, and its policy holds for them as it does for frames. Others are answered as they are
done; clients tell responses apart by their id.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgeserve.domain.errors import EdgeserveError, RequestError
from edgeserve.domain.request import Policy
from edgeserve.oip.call import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeserve.access.limits import Limits
    from edgeserve.domain.request import StreamOptions
    from edgeserve.domain.result import DropReason, FrameResult
    from edgeserve.oip.inference import Inference
    from edgeserve.pipeline.admission import FrameStream
    from edgeserve.wire.oip.inference import InferRequest, InferResponse

_MOST_ROUTES = 16
"""Kinds of requests at once; clients have one or two."""
_MOST_UNSENT = 64
"""Answers that wait for a client that does not read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request: a response, or what was wrong.

    Attributes:
        id: of the request.
        outcome: of the request.
        frames: of the request that went into `stream`.
    """

    id: str
    outcome: InferResponse | EdgeserveError
    stream: FrameStream | None = None
    frames: int = 0


@dataclass(slots=True)
class _Begun:
    """A request whose frames are in the pipeline."""

    call: Call
    started_ns: int
    results: list[FrameResult] = field(default_factory=list)


@dataclass(slots=True)
class _Route:
    """Requests of one kind, on their way."""

    stream: FrameStream
    begun: deque[_Begun] = field(default_factory=deque)


class InferStream:
    """The requests of one client; used from the event loop, like a `FrameStream`."""

    def __init__(
        self, inference: Inference, limits: Limits, source: str, on_change: Callable[[], None]
    ) -> None:
        """Open a stream.

        Args:
            inference: that runs single requests.
            limits: of the server.
            source: label of its metrics.
            on_change: called from any thread when there may be answers to take; must be quick.
        """
        self._inference = inference
        self._limits = limits
        self._source = source
        self._on_change = on_change
        self._routes: dict[StreamOptions, _Route] = {}
        self._done: deque[Answer] = deque()

    @property
    def full(self) -> bool:
        """Whether the feeder must wait before it submits another request."""
        if len(self._done) >= _MOST_UNSENT or any(r.stream.full for r in self._routes.values()):
            return True
        return len(self._routes) >= _MOST_ROUTES and not self._forget_idle()

    @property
    def idle(self) -> bool:
        """Whether every request has been answered."""
        return not self._done and all(route.stream.idle for route in self._routes.values())

    def submit(self, request: InferRequest) -> None:
        """Begin with a request; a bad one is answered at once."""
        started_ns = time.monotonic_ns()
        try:
            call = Call.of(request, self._inference.models, self._limits)
            if call.options.policy is Policy.LATEST and len(call.frames) > 1:
                text = f"policy latest takes one frame a request, not {len(call.frames)}"
                raise RequestError(text)
            route = self._route(call.options)
        except EdgeserveError as error:
            self.refuse(request.id, error)
            return
        route.begun.append(_Begun(call, started_ns))
        for frame in call.frames:
            route.stream.submit(frame)

    def refuse(self, request_id: str, error: EdgeserveError) -> None:
        """Answer a request that cannot be begun."""
        self._done.append(Answer(request_id, error))
        self._on_change()

    def take(self) -> Answer | None:
        """The next answer, or None where there is none yet."""
        for route in self._routes.values():
            for result in route.stream.take():
                self._add(route, result)
        return self._done.popleft() if self._done else None

    def answered(self, answer: Answer) -> None:
        """An answer has reached the client's connection."""
        if answer.stream is not None:
            for _ in range(answer.frames):
                answer.stream.answered()

    def stalled(self) -> None:
        """The client has left an answer unread for too long; the stream is about to be closed."""
        for route in self._routes.values():
            route.stream.stalled()
            return

    def shed(self, reason: DropReason) -> None:
        """Answer every waiting request as dropped."""
        for route in self._routes.values():
            route.stream.shed(reason)

    def close(self) -> None:
        """Forget every request."""
        for route in self._routes.values():
            route.stream.close()

    def _route(self, options: StreamOptions) -> _Route:
        route = self._routes.get(options)
        if route is None:
            stream = self._inference.models.open_stream(
                options, source=self._source, on_change=self._on_change
            )
            route = self._routes[options] = _Route(stream)
        return route

    def _forget_idle(self) -> bool:
        """Close the routes on which nothing is on its way; whether there were any."""
        idle = [options for options, route in self._routes.items() if route.stream.idle]
        for options in idle:
            self._routes.pop(options).stream.close()
        return bool(idle)

    def _add(self, route: _Route, result: FrameResult) -> None:
        begun = route.begun[0]
        call = begun.call
        begun.results.append(result)
        if len(begun.results) < len(call.frames):
            return
        route.begun.popleft()
        outcome: InferResponse | EdgeserveError
        try:
            outcome = call.answer(begun.results)
        except EdgeserveError as error:
            self._inference.failed(call, begun.started_ns)
            outcome = error
        else:
            taken_ns = time.monotonic_ns() - begun.started_ns
            self._inference.statistics.succeeded(begun.results, taken_ns)
        self._done.append(Answer(call.request.id, outcome, route.stream, len(call.frames)))
