"""A request's parameters as options of a stream.

Parameters of other names are passed over, as the protocol wants it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from edgeserve.domain.errors import RequestError
from edgeserve.domain.request import DetectOptions, Policy, Priority, StreamOptions

if TYPE_CHECKING:
    from edgeserve.wire.oip.inference import InferRequest, Parameter

    _Choice = TypeVar("_Choice", Policy, Priority)

_LONGEST_MS = (1 << 31) - 1


def stream_options(request: InferRequest, *, raw_outputs: bool) -> StreamOptions:
    """What a request asks of its frames; BLOCK unless it names a policy.

    Raises:
        RequestError: a parameter is of another type, or has a value that makes no sense.
    """
    given = request.parameters
    return StreamOptions(
        detect=DetectOptions(
            model=request.model_name,
            version=request.model_version,
            score_threshold=_number("score_threshold", given.get("score_threshold")),
            iou_threshold=_number("iou_threshold", given.get("iou_threshold")),
            max_detections=_whole("max_detections", given.get("max_detections")),
            labels=_names("labels", given.get("labels")),
            raw_outputs=raw_outputs,
        ),
        policy=_choice("policy", given.get("policy"), Policy.BLOCK),
        queue_size=_whole("queue_size", given.get("queue_size")) or 0,
        max_age_ms=_max_age_ms(request),
        priority=_priority(given.get("priority")),
    )


def _max_age_ms(request: InferRequest) -> int:
    """`max_age_ms`, or the protocol's own `timeout` in microseconds."""
    timeout_us = _whole("timeout", request.parameters.get("timeout")) or 0
    age_ms = _whole("max_age_ms", request.parameters.get("max_age_ms")) or -(-timeout_us // 1000)
    return min(age_ms, _LONGEST_MS)


def _priority(value: Parameter | None) -> Priority:
    # Numbers are the protocol's own priorities, which hold for models that have levels of them.
    if isinstance(value, int):
        return Priority.NORMAL
    return _choice("priority", value, Priority.NORMAL)


def _number(name: str, value: Parameter | None) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(name, value, "a number")
    try:
        return float(value)
    except OverflowError as error:
        text = f"parameter {name} is beyond all numbers; expected a number"
        raise RequestError(text) from error


def _whole(name: str, value: Parameter | None) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _wrong(name, value, "a whole number, 0 or more")
    return value


def _names(name: str, value: Parameter | None) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, str):
        raise _wrong(name, value, "names with commas between them")
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _choice(name: str, value: Parameter | None, default: _Choice) -> _Choice:
    if value is None:
        return default
    for one in type(default):
        if value == one.value:
            return one
    raise _wrong(name, value, " or ".join(one.value for one in type(default)))


def _wrong(name: str, value: Parameter, expected: str) -> RequestError:
    return RequestError(f"parameter {name} is {value!r}; expected {expected}")
