"""The standard health check (grpc.health.v1), without a dependency on its package."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import grpc
from google.protobuf.wrappers_pb2 import Int32Value, StringValue
from grpc import aio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class HealthStatus(str, Enum):
    """What a server says of itself, or of one of its services."""

    UNKNOWN = "UNKNOWN"
    SERVING = "SERVING"
    NOT_SERVING = "NOT_SERVING"
    SERVICE_UNKNOWN = "SERVICE_UNKNOWN"


_STATUSES = dict(enumerate(HealthStatus))
"""By the numbers of the protocol."""


async def check_health(channel: aio.Channel, service: str, timeout_s: float) -> HealthStatus:
    """Ask once.

    Args:
        channel: to the server.
        service: full name of a service; "" asks for the server as a whole.
        timeout_s: wait no longer.

    Raises:
        AioRpcError: there was no answer.
    """
    # HealthCheckRequest is one string with the number 1, HealthCheckResponse one enum with the
    # number 1: on the wire these are protobuf's own wrappers.
    check: Callable[..., Awaitable[Int32Value]] = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=StringValue.SerializeToString,
        response_deserializer=Int32Value.FromString,
    )
    try:
        answer = await check(StringValue(value=service), timeout=timeout_s)
    except aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return HealthStatus.SERVICE_UNKNOWN
        raise
    return _STATUSES.get(answer.value, HealthStatus.UNKNOWN)
