"""One ModelStreamInfer call: reads requests as far as their policies let it, writes answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import grpc

from edgeserve.domain.errors import RequestError
from edgeserve.domain.result import DropReason
from edgeserve.serving.writing import write_in_time
from edgeserve.wire._generated import inference_pb2 as pb
from edgeserve.wire.oip.grpc_codec import request_from_proto, response_to_proto
from edgeserve.wire.oip.inference import InferResponse

if TYPE_CHECKING:
    from grpc import aio

    from edgeserve.oip.inference import Inference
    from edgeserve.oip.stream import Answer, InferStream

    Context = aio.ServicerContext[pb.ModelInferRequest, pb.ModelStreamInferResponse]


class InferSession:
    """The two sides of a call: a task that reads, and the caller's task that writes."""

    def __init__(self, context: Context, write_timeout_s: float) -> None:
        """Prepare a session on a call."""
        self._context = context
        self._write_timeout_s = write_timeout_s
        self._loop = asyncio.get_running_loop()
        # Set whenever the other side may have something to do.
        self._answers = asyncio.Event()
        self._room = asyncio.Event()
        self._draining = False
        self._reader: asyncio.Task[None] | None = None
        self._stream: InferStream | None = None

    async def run(self, inference: Inference, source: str) -> None:
        """Serve the call to its end."""
        stream = self._stream = inference.open_stream(source, self._notify)
        reader = self._reader = asyncio.create_task(self._read(stream))
        # Also of a task that is cancelled before its first step, which runs none of its own code.
        reader.add_done_callback(lambda _: self._answers.set())
        try:
            await self._write(stream, reader)
        finally:
            reader.cancel()
            stream.close()
        if self._draining:
            text = "the server is shutting down; every request that it read was answered"
            await self._context.abort(grpc.StatusCode.UNAVAILABLE, text)

    def drain(self) -> None:
        """Read no further; end the call when all that was read is answered."""
        self._draining = True
        if self._reader is not None:
            self._reader.cancel()
        self._answers.set()

    def shed(self) -> None:
        """Answer what still waits as dropped."""
        if self._stream is not None:
            self._stream.shed(DropReason.SHUTDOWN)

    def _notify(self) -> None:
        self._loop.call_soon_threadsafe(self._answers.set)

    async def _read(self, stream: InferStream) -> None:
        while True:
            while stream.full:
                self._room.clear()
                await self._room.wait()
            message = cast("object", await self._context.read())
            if not isinstance(message, pb.ModelInferRequest):
                return
            try:
                request = request_from_proto(message)
            except RequestError as error:
                stream.refuse(message.id, error)
            else:
                stream.submit(request)

    async def _write(self, stream: InferStream, reader: asyncio.Task[None]) -> None:
        while True:
            # Cleared before the look, so that an answer that comes meanwhile is not slept over.
            self._answers.clear()
            while (answer := stream.take()) is not None:
                await write_in_time(
                    self._context, _response(answer), self._write_timeout_s, stream.stalled
                )
                stream.answered(answer)
                self._room.set()
            if reader.done() and stream.idle:
                break
            if not self._answers.is_set():
                await self._answers.wait()
        if not reader.cancelled():
            reader.result()


def _response(answer: Answer) -> pb.ModelStreamInferResponse:
    outcome = answer.outcome
    if isinstance(outcome, InferResponse):
        return pb.ModelStreamInferResponse(infer_response=response_to_proto(outcome))
    return pb.ModelStreamInferResponse(
        error_message=str(outcome), infer_response=pb.ModelInferResponse(id=answer.id)
    )
