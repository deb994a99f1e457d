"""`ModelStatus` and `DeviceStatus` messages."""

from __future__ import annotations

from edgeserve.domain.model import Thresholds
from edgeserve.domain.status import DeviceStatus, EngineStatus, ModelStatus
from edgeserve.wire._generated import detection_pb2 as pb


def model_status_to_proto(status: ModelStatus) -> pb.ModelStatus:
    """Write the state of a model."""
    engine, thresholds = status.engine, status.thresholds
    return pb.ModelStatus(
        name=status.name,
        version=status.version,
        ready=status.ready,
        reason=status.reason,
        is_default=status.is_default,
        input_width_px=status.input_width_px,
        input_height_px=status.input_height_px,
        labels=status.labels,
        score_threshold=0 if thresholds is None else thresholds.score,
        iou_threshold=0 if thresholds is None else thresholds.iou,
        max_detections=0 if thresholds is None else thresholds.max_detections,
        engine=pb.EngineStatus(
            runtime=engine.runtime,
            requested=engine.requested,
            chosen=engine.chosen,
            reason=engine.reason,
            precision=engine.precision,
            tuned=engine.tuned,
        ),
    )


def model_status_from_proto(message: pb.ModelStatus) -> ModelStatus:
    """Read the state of a model."""
    return ModelStatus(
        name=message.name,
        version=message.version,
        ready=message.ready,
        reason=message.reason,
        is_default=message.is_default,
        input_width_px=message.input_width_px,
        input_height_px=message.input_height_px,
        labels=tuple(message.labels),
        thresholds=Thresholds(
            score=message.score_threshold,
            iou=message.iou_threshold,
            max_detections=message.max_detections,
        )
        if message.ready
        else None,
        engine=EngineStatus(
            runtime=message.engine.runtime,
            requested=message.engine.requested,
            chosen=message.engine.chosen,
            reason=message.engine.reason,
            precision=message.engine.precision,
            tuned=message.engine.tuned,
        ),
    )


def device_status_to_proto(status: DeviceStatus) -> pb.DeviceStatus:
    """Write the state of a device."""
    return pb.DeviceStatus(
        name=status.name,
        runtime=status.runtime,
        runtime_version=status.runtime_version,
        description=status.description,
        available=status.available,
        missing=status.missing,
        precisions=status.precisions,
    )


def device_status_from_proto(message: pb.DeviceStatus) -> DeviceStatus:
    """Read the state of a device."""
    return DeviceStatus(
        name=message.name,
        runtime=message.runtime,
        runtime_version=message.runtime_version,
        description=message.description,
        available=message.available,
        missing=message.missing,
        precisions=tuple(message.precisions),
    )
