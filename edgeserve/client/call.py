"""One StreamDetect call: sends what waits and then what comes, while it receives results."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
from grpc import aio

from edgeserve.client.ending import Ending
from edgeserve.domain.errors import TransportError
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire.codec.result import result_from_proto

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgeserve.client.backlog import Backlog
    from edgeserve.domain.result import FrameResult

    Method = aio.StreamStreamMultiCallable[bytes, pb.StreamDetectResponse]
    Call = aio.StreamStreamCall[bytes, pb.StreamDetectResponse]

_SERVICE = pb.DESCRIPTOR.services_by_name["DetectionService"].full_name


def stream_method(channel: aio.Channel) -> Method:
    """StreamDetect with requests that are bytes: what is sent again is not serialised again."""
    method: Method = channel.stream_stream(
        f"/{_SERVICE}/StreamDetect",
        request_serializer=None,
        response_deserializer=pb.StreamDetectResponse.FromString,
    )
    return method


async def run_call(
    method: Method,
    config: bytes,
    backlog: Backlog,
    deliver: Callable[[FrameResult], None],
    metadata: Sequence[tuple[str, str]] = (),
) -> None:
    """Run a call until every frame of the backlog is answered and no more will come.

    Raises:
        AioRpcError: the call ended with a status; all results before it were delivered.
        TransportError: the server did not keep to the protocol.
    """
    call = method(metadata=metadata)
    ending = Ending(call)
    sender = asyncio.create_task(_send(call, config, backlog))
    try:
        # Not call.read(): once the status is known, it forgets the results that came before it.
        async for response in call:
            backlog.answer(response.result.frame_id)
            deliver(result_from_proto(response.result))
    except aio.AioRpcError as error:
        meant = await ending.unmasked(error)
        if meant is not None:
            raise meant from error
    finally:
        call.cancel()
        sender.cancel()
        await asyncio.wait([sender])
    if not backlog.done:
        text = "the server ended the stream although not all frames were answered"
        raise TransportError(text)


async def _send(call: Call, config: bytes, backlog: Backlog) -> None:
    number = backlog.answered
    try:
        await call.write(config)
        while (message := await backlog.message_when_added(number)) is not None:
            await call.write(message)
            number += 1
        await call.done_writing()
    except (grpc.RpcError, asyncio.InvalidStateError):
        # The call is over; why, its reading side says.
        return
