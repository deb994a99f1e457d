"""Who asked for the work that is being done: told by logs and traces, never used to decide."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count

_calls = count(1)
_LONGEST_HEADER = 512


@dataclass(frozen=True, slots=True)
class Origin:
    """Where frames come from.

    Attributes:
        camera: name of the box's own camera; empty for a call.
        stream: number of the call, counted from the start of the server; 0 for a camera.
        traceparent: the caller's W3C trace context; empty if it sent none. Not checked.
        tracestate: the header that goes with it.
    """

    camera: str = ""
    stream: int = 0
    traceparent: str = ""
    tracestate: str = ""

    def fields(self) -> dict[str, str | int]:
        """What a log line says of it."""
        named: dict[str, str | int] = {"camera": self.camera, "stream": self.stream}
        return {name: value for name, value in named.items() if value}


NOBODY = Origin()
current_origin: ContextVar[Origin] = ContextVar("origin", default=NOBODY)
"""Of the running thread or task; set by whoever takes a call, and by a camera's thread."""


def origin_of_call(traceparent: str = "", tracestate: str = "") -> Origin:
    """A new call, with the trace context that its caller sent; what is too long is left out."""
    if max(len(traceparent), len(tracestate)) > _LONGEST_HEADER:
        traceparent = tracestate = ""
    return Origin(stream=next(_calls), traceparent=traceparent, tracestate=tracestate)
