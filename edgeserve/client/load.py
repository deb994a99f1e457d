"""A stream for load generators: frames serialised beforehand, results read only as far as needed.

`AsyncDetectionClient` numbers and keeps frames so that nothing is lost; a generator that shares
the machine with the server it measures wants none of that.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from edgeserve.client.call import stream_method
from edgeserve.client.channel import open_channel
from edgeserve.client.credentials import NOBODY, Credentials
from edgeserve.domain.errors import TransportError
from edgeserve.domain.request import Policy, StreamOptions
from edgeserve.domain.result import Status
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire.codec.frame import frame_to_proto
from edgeserve.wire.codec.options import stream_options_to_proto

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from typing_extensions import Self

    from edgeserve.domain.frame import EncodedFrame


_MOST_WAITING = 1024
"""Frames of a stream that the server may hold back."""
_STATUSES = {
    pb.RESULT_STATUS_OK: Status.OK,
    pb.RESULT_STATUS_DROPPED: Status.DROPPED,
    pb.RESULT_STATUS_ERROR: Status.ERROR,
}


def serialise(frame: EncodedFrame) -> bytes:
    """A frame as the stream's message."""
    return pb.StreamDetectRequest(frame=frame_to_proto(frame)).SerializeToString()


class LoadStream:
    """One stream that sends the same frames over and over."""

    def __init__(
        self,
        address: str,
        messages: Sequence[bytes],
        policy: Policy = Policy.BLOCK,
        credentials: Credentials = NOBODY,
    ) -> None:
        """Prepare to send these messages, by `serialise`, over and over."""
        self._policy = policy
        self._messages = itertools.cycle(messages)
        self._channel = open_channel(address, credentials)
        self._call = stream_method(self._channel)(metadata=credentials.metadata())

    async def __aenter__(self) -> Self:
        """Open the stream."""
        config = stream_options_to_proto(
            StreamOptions(
                policy=self._policy,
                queue_size=0 if self._policy is Policy.LATEST else _MOST_WAITING,
            )
        )
        await self._call.write(pb.StreamDetectRequest(config=config).SerializeToString())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the stream; frames without results are given up."""
        self._call.cancel()
        await self._channel.close()

    async def send(self) -> None:
        """Send the next frame."""
        await self._call.write(next(self._messages))

    async def receive(self) -> Status:
        """How the oldest frame without a result ended.

        Raises:
            TransportError: the server ended the stream.
        """
        response = await self._call.read()
        if not isinstance(response, pb.StreamDetectResponse):
            text = "the server ended the stream"
            raise TransportError(text)
        return _STATUSES[response.result.status]
