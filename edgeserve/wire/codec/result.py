"""`FrameResult` messages."""

from __future__ import annotations

import numpy as np

from edgeserve.domain.detections import Detections
from edgeserve.domain.result import DropReason, ErrorCode, FrameResult, StageTimes, Status
from edgeserve.wire._generated import detection_pb2 as pb

_STATUSES: dict[pb.ResultStatus.ValueType, Status] = {
    pb.RESULT_STATUS_OK: Status.OK,
    pb.RESULT_STATUS_DROPPED: Status.DROPPED,
    pb.RESULT_STATUS_ERROR: Status.ERROR,
}
_STATUS_NUMBERS = {status: number for number, status in _STATUSES.items()}

_REASONS: dict[pb.DropReason.ValueType, DropReason] = {
    pb.DROP_REASON_REPLACED: DropReason.REPLACED,
    pb.DROP_REASON_EXPIRED: DropReason.EXPIRED,
    pb.DROP_REASON_QUEUE_FULL: DropReason.QUEUE_FULL,
    pb.DROP_REASON_SHUTDOWN: DropReason.SHUTDOWN,
}
_REASON_NUMBERS = {reason: number for number, reason in _REASONS.items()}

_ERRORS: dict[pb.ErrorCode.ValueType, ErrorCode] = {
    pb.ERROR_CODE_INVALID_IMAGE: ErrorCode.INVALID_IMAGE,
    pb.ERROR_CODE_TOO_MANY_PIXELS: ErrorCode.TOO_MANY_PIXELS,
    pb.ERROR_CODE_TOO_MANY_BYTES: ErrorCode.TOO_MANY_BYTES,
    pb.ERROR_CODE_ENGINE_FAILED: ErrorCode.ENGINE_FAILED,
    pb.ERROR_CODE_INTERNAL: ErrorCode.INTERNAL,
    pb.ERROR_CODE_RATE_LIMITED: ErrorCode.RATE_LIMITED,
    pb.ERROR_CODE_MODEL_UNAVAILABLE: ErrorCode.MODEL_UNAVAILABLE,
}
_ERROR_NUMBERS = {code: number for number, code in _ERRORS.items()}


def result_to_proto(result: FrameResult) -> pb.FrameResult:
    """Write the answer to a frame."""
    stages = result.stages
    found = result.detections
    error = None
    if result.error_code is not None:
        code = _ERROR_NUMBERS[result.error_code]
        error = pb.FrameError(code=code, message=result.message)
    return pb.FrameResult(
        frame_id=result.frame_id,
        status=_STATUS_NUMBERS[result.status],
        drop_reason=(
            pb.DROP_REASON_UNSPECIFIED
            if result.drop_reason is None
            else _REASON_NUMBERS[result.drop_reason]
        ),
        error=error,
        detections=[
            pb.Detection(
                box=pb.Box(x_min=box[0], y_min=box[1], x_max=box[2], y_max=box[3]),
                score=score,
                class_id=class_id,
                label=label,
            )
            for box, score, class_id, label in zip(
                found.boxes_xyxy.tolist(),
                found.scores.tolist(),
                found.class_ids.tolist(),
                result.labels,
                strict=True,
            )
        ],
        stages=pb.StageDurations(
            decode_us=stages.decode_us,
            preprocess_us=stages.preprocess_us,
            queue_us=stages.queue_us,
            infer_us=stages.infer_us,
            postprocess_us=stages.postprocess_us,
        ),
        latency_us=result.latency_us,
        age_us=result.age_us,
        model=result.model,
        version=result.version,
        device=result.device,
        width_px=result.width_px,
        height_px=result.height_px,
    )


def result_from_proto(message: pb.FrameResult) -> FrameResult:
    """Read the answer to a frame."""
    stages = message.stages
    found = message.detections
    boxes = [(d.box.x_min, d.box.y_min, d.box.x_max, d.box.y_max) for d in found]
    return FrameResult(
        frame_id=message.frame_id,
        # A newer server may know more kinds; whatever they are, they are not OK.
        status=_STATUSES.get(message.status, Status.ERROR),
        detections=Detections(
            boxes_xyxy=np.array(boxes, dtype=np.float32).reshape(-1, 4),
            scores=np.array([d.score for d in found], dtype=np.float32),
            class_ids=np.array([d.class_id for d in found], dtype=np.int64),
        ),
        labels=tuple(d.label for d in found),
        drop_reason=_REASONS.get(message.drop_reason),
        error_code=_ERRORS.get(message.error.code) if message.HasField("error") else None,
        message=message.error.message,
        stages=StageTimes(
            decode_us=stages.decode_us,
            preprocess_us=stages.preprocess_us,
            queue_us=stages.queue_us,
            infer_us=stages.infer_us,
            postprocess_us=stages.postprocess_us,
        ),
        latency_us=message.latency_us,
        age_us=message.age_us if message.HasField("age_us") else None,
        model=message.model,
        version=message.version,
        device=message.device,
        width_px=message.width_px,
        height_px=message.height_px,
    )
