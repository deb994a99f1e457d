"""`DetectOptions` and `StreamConfig` messages."""

from __future__ import annotations

from edgeserve.domain.errors import RequestError
from edgeserve.domain.request import DetectOptions, Policy, Priority, StreamOptions
from edgeserve.wire._generated import detection_pb2 as pb

_POLICIES: dict[pb.Policy.ValueType, Policy] = {
    pb.POLICY_UNSPECIFIED: Policy.LATEST,
    pb.POLICY_LATEST: Policy.LATEST,
    pb.POLICY_QUEUE: Policy.QUEUE,
    pb.POLICY_BLOCK: Policy.BLOCK,
}
_NUMBERS = {
    Policy.LATEST: pb.POLICY_LATEST,
    Policy.QUEUE: pb.POLICY_QUEUE,
    Policy.BLOCK: pb.POLICY_BLOCK,
}
_PRIORITIES: dict[pb.Priority.ValueType, Priority] = {
    pb.PRIORITY_UNSPECIFIED: Priority.NORMAL,
    pb.PRIORITY_LOW: Priority.LOW,
    pb.PRIORITY_NORMAL: Priority.NORMAL,
    pb.PRIORITY_HIGH: Priority.HIGH,
}
_PRIORITY_NUMBERS = {priority: number for number, priority in _PRIORITIES.items()}


def detect_options_from_proto(message: pb.DetectOptions) -> DetectOptions:
    """Read what to look for."""
    return DetectOptions(
        model=message.model,
        version=message.version,
        score_threshold=message.score_threshold if message.HasField("score_threshold") else None,
        iou_threshold=message.iou_threshold if message.HasField("iou_threshold") else None,
        max_detections=message.max_detections if message.HasField("max_detections") else None,
        labels=tuple(message.labels),
    )


def detect_options_to_proto(options: DetectOptions) -> pb.DetectOptions:
    """Write what to look for."""
    return pb.DetectOptions(
        model=options.model,
        version=options.version,
        score_threshold=options.score_threshold,
        iou_threshold=options.iou_threshold,
        max_detections=options.max_detections,
        labels=options.labels,
    )


def stream_options_from_proto(message: pb.StreamConfig) -> StreamOptions:
    """Read how a stream is to be treated.

    Raises:
        RequestError: the policy or the priority is not one that this server knows.
    """
    policy = _POLICIES.get(message.policy)
    if policy is None:
        text = f"policy {message.policy} is unknown; expected one of {', '.join(pb.Policy.keys())}"
        raise RequestError(text)
    priority = _PRIORITIES.get(message.priority)
    if priority is None:
        known = ", ".join(pb.Priority.keys())
        text = f"priority {message.priority} is unknown; expected one of {known}"
        raise RequestError(text)
    return StreamOptions(
        detect=detect_options_from_proto(message.options),
        policy=policy,
        queue_size=message.queue_size,
        max_age_ms=message.max_age_ms,
        clock_synchronised=message.clock_synchronised,
        priority=priority,
    )


def stream_options_to_proto(options: StreamOptions) -> pb.StreamConfig:
    """Write how a stream is to be treated."""
    return pb.StreamConfig(
        options=detect_options_to_proto(options.detect),
        policy=_NUMBERS[options.policy],
        queue_size=options.queue_size,
        max_age_ms=options.max_age_ms,
        clock_synchronised=options.clock_synchronised,
        priority=_PRIORITY_NUMBERS[options.priority],
    )
