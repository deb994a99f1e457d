"""Reads requests with care: what cannot be read is the client's fault, and told as such."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor_pool import Default
from google.protobuf.message import DecodeError
from grpc import aio

from edgeserve.domain.errors import RequestError
from edgeserve.serving.errors import status_of
from edgeserve.serving.handlers import wrapped
from edgeserve.wire.field_count import check_fields

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import grpc
    from google.protobuf.descriptor import Descriptor

    from edgeserve.serving.handlers import Context, Handler

_UNCOUNTED_BYTES = 1 << 20
"""Messages up to here take no more than some megabytes, whatever they hold."""
_MOST_FIELDS = 1 << 16


class CarefulReading(aio.ServerInterceptor):
    """Refuses messages that are corrupt, or small on the wire and large in memory."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Put the handler of a call behind it."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        name = str(handler_call_details.method).strip("/").replace("/", ".")
        kind = Default().FindMethodByName(name).input_type
        return wrapped(handler, _refusing, _reader(handler, kind))


def _reader(handler: Handler, kind: Descriptor) -> Callable[[bytes], object]:
    deserialize = handler.request_deserializer
    raises = handler.request_streaming

    def read(data: bytes) -> object:
        try:
            if len(data) > _UNCOUNTED_BYTES:
                check_fields(data, kind, _MOST_FIELDS)
            return data if deserialize is None else deserialize(data)
        except DecodeError as error:
            refusal = RequestError(f"the request is no message {kind.full_name}: {error}")
        except RequestError as error:
            refusal = error
        if raises:
            raise refusal
        # Of a single request nobody catches what is raised here; `_refusing` looks at it.
        return refusal

    return read


@asynccontextmanager
async def _refusing(request: Any, context: Context) -> AsyncIterator[None]:  # noqa: ANN401 - any
    try:
        if isinstance(request, RequestError):
            raise request
        yield
    except RequestError as error:
        await context.abort(status_of(error), str(error))
    except aio.AbortError as error:
        # gRPC keeps a call's abort until the next call comes: not also the error that led to it,
        # which knows the frames that it went through, and these the models of then.
        error.__context__ = None
        raise
