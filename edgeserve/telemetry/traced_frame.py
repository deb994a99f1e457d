"""A frame that was chosen for a trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeserve.domain.origin import Origin
    from edgeserve.domain.result import FrameResult


@dataclass(frozen=True, slots=True)
class Parent:
    """The span that a client's trace context names.

    Attributes:
        trace_id: 128 bits.
        span_id: 64 bits.
        sampled: whether the client records its trace.
        tracestate: the header that goes with it.
    """

    trace_id: int
    span_id: int
    sampled: bool
    tracestate: str = ""


@dataclass(frozen=True, slots=True)
class TracedFrame:
    """What the spans of a frame are made of.

    Attributes:
        trace_id: 128 bits.
        parent: the client's span; None where the frame is a trace of its own.
        source: as in the metrics.
        origin: who sent it.
        result: how it went.
        end_unix_ns: when it was finished.
    """

    trace_id: int
    parent: Parent | None
    source: str
    origin: Origin
    result: FrameResult
    end_unix_ns: int
