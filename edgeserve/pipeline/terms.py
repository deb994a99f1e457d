"""What a stream asked for, held against what the server allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.domain.errors import RequestError
from edgeserve.domain.request import Policy, Priority

if TYPE_CHECKING:
    from edgeserve.domain.request import StreamOptions
    from edgeserve.pipeline.options import PipelineOptions

_WEIGHTS = {Priority.LOW: 0.25, Priority.NORMAL: 1.0, Priority.HIGH: 4.0}


@dataclass(frozen=True, slots=True)
class Terms:
    """How a stream's frames are treated.

    Attributes:
        policy: what happens to frames for which there is no place.
        places: frames that may wait.
        weight: of the client's priority, for the stream's share of the device.
        max_age_ns: an older frame is dropped when its turn comes; 0: never.
        max_unsent: results that may wait for a client that does not read.
    """

    policy: Policy
    places: int
    weight: float
    max_age_ns: int
    max_unsent: int


def agree(options: StreamOptions, limits: PipelineOptions) -> Terms:
    """What the client wishes, if the server allows it.

    Raises:
        RequestError: it asks for more than the limits.
    """
    queue_size = options.queue_size or limits.queue_size
    if queue_size > limits.max_queue_size:
        text = (
            f"queue_size is {queue_size}; "
            f"the limit is {limits.max_queue_size} (setting max_queue_size)"
        )
        raise RequestError(text)
    weight = _WEIGHTS[options.priority]
    if weight > _WEIGHTS[Priority(limits.max_priority)]:
        text = (
            f"priority is {options.priority.value}; "
            f"the highest allowed is {limits.max_priority} (setting max_priority)"
        )
        raise RequestError(text)
    return Terms(
        policy=options.policy,
        places=1 if options.policy is Policy.LATEST else queue_size,
        weight=weight,
        max_age_ns=options.max_age_ms * 1_000_000,
        max_unsent=limits.max_unsent_results,
    )
