"""Detections in one picture over HTTP."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from edgeserve.access.refusals import Reason
from edgeserve.domain.errors import LimitReachedError
from edgeserve.domain.frame import EncodedFrame
from edgeserve.domain.request import DetectOptions, Policy, StreamOptions
from edgeserve.web.body import Bodies
from edgeserve.web.operation import Operation, Parameter
from edgeserve.web.problems import API, problem, problem_of
from edgeserve.web.records import encode, result_record
from edgeserve.web.schemas import ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from edgeserve.access.limits import Limits
    from edgeserve.access.refusals import Refusals
    from edgeserve.domain.result import FrameResult
    from edgeserve.pipeline.served import ServedModels

_SOURCE = "http"
_TAKES = ("image/jpeg", "image/png", "image/webp", "application/octet-stream")


class DetectApi:
    """/api/detect."""

    def __init__(self, models: ServedModels, limits: Limits, refusals: Refusals) -> None:
        """Detect with these models within these limits; what is refused is counted."""
        self._models = models
        self._limits = limits
        self._refusals = refusals
        self._bodies = Bodies(models.options)
        self._running = 0

    def operations(self) -> Iterable[Operation]:
        """See `ApiPart`."""
        return (
            Operation(
                "POST",
                f"{API}/detect",
                "detect",
                "What is in a picture: JPEG, PNG or WebP, recognised from its first bytes.",
                self._answer,
                schema=ref("Result"),
                parameters=(
                    Parameter("model", "Its name; without it the default one."),
                    Parameter("version", "Of that model."),
                    Parameter("score", "Least score.", "number", least=0, most=1),
                    Parameter("iou", "Most overlap of two boxes.", "number", least=0, most=1),
                    Parameter("max_detections", "Most objects.", "integer", least=1),
                    Parameter("labels", "Only these, with commas between them."),
                ),
                takes=_TAKES,
                fails=(404, 408, 413, 415, 422, 429, 500, 503),
            ),
        )

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """See `Part`."""
        return [operation.route() for operation in self.operations()]

    async def _answer(self, request: web.Request, given: Mapping[str, Any]) -> web.Response:
        arrival_ns = time.monotonic_ns()
        if request.content_type not in _TAKES:
            text = f"the body is {request.content_type}; expected {', '.join(_TAKES)}"
            return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, text)
        options = DetectOptions(
            model=given.get("model", ""),
            version=given.get("version", ""),
            score_threshold=given.get("score"),
            iou_threshold=given.get("iou"),
            max_detections=given.get("max_detections"),
            labels=tuple(filter(None, given.get("labels", "").split(","))),
        )
        with self._admitted():
            # By the header, before it is read.
            self._limits.check_frame_bytes(request.content_length or 0)
            body = await self._bodies.read(request)
            self._limits.check_frame_bytes(len(body))
            result = await self._detect(EncodedFrame(0, body, arrival_ns=arrival_ns), options)
        wrong = problem_of(result)
        return wrong or web.json_response(result_record(result), dumps=encode)

    async def _detect(self, frame: EncodedFrame, options: DetectOptions) -> FrameResult:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()

        def notify() -> None:
            loop.call_soon_threadsafe(ready.set)

        stream = self._models.open_stream(
            StreamOptions(detect=options, policy=Policy.QUEUE, queue_size=1),
            source=_SOURCE,
            on_change=notify,
        )
        try:
            stream.submit(frame)
            await ready.wait()
            (result,) = stream.take()
        finally:
            stream.close()
        return result

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        """A place for one request; its picture is in memory.

        Raises:
            LimitReachedError: all are taken.
        """
        most = self._limits.max_streams
        if self._running >= most:
            text = f"{most} requests are running; the limit is {most} (setting max_streams)"
            self._refusals.add(Reason.MAX_STREAMS)
            raise LimitReachedError(text)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
