"""When a caller stops waiting."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grpc import aio


def deadline_ns(context: aio.ServicerContext[Any, Any]) -> int | None:
    """When the caller stops waiting, on the monotonic clock; None if never."""
    remaining_s: float | None = context.time_remaining()
    return None if remaining_s is None else time.monotonic_ns() + int(1e9 * remaining_s)
