"""The one result of a frame, built from how it went."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from edgeserve.domain.errors import (
    DeviceHungError,
    EngineError,
    FrameError,
    InvalidImageError,
    ModelNotReadyError,
    RateLimitedError,
    RequestError,
    TooManyBytesError,
    TooManyPixelsError,
)
from edgeserve.domain.result import DropReason, ErrorCode, FrameResult, StageTimes, Status

if TYPE_CHECKING:
    from edgeserve.domain.frame import EncodedFrame
    from edgeserve.domain.origin import Origin
    from edgeserve.pipeline.detector import Detector, Inspection
    from edgeserve.pipeline.feed import Ticket

_log = logging.getLogger(__name__)
_NO_MEMORY = "the server has no memory left for this frame"
_CODES = (
    (InvalidImageError, ErrorCode.INVALID_IMAGE),
    (TooManyPixelsError, ErrorCode.TOO_MANY_PIXELS),
    (TooManyBytesError, ErrorCode.TOO_MANY_BYTES),
    (RateLimitedError, ErrorCode.RATE_LIMITED),
    (EngineError, ErrorCode.ENGINE_FAILED),
    (ModelNotReadyError, ErrorCode.MODEL_UNAVAILABLE),
    (RequestError, ErrorCode.MODEL_UNAVAILABLE),
)


def ran(ticket: Ticket, inspection: Inspection, *, started_ns: int, now_ns: int) -> FrameResult:
    """The result of a stream's frame that went through; the arguments are those of `found`."""
    return found(
        ticket.frame,
        ticket.detector,
        inspection,
        started_ns=started_ns,
        now_ns=now_ns,
        clock_synchronised=ticket.stream.clock_synchronised,
    )


def found(
    frame: EncodedFrame,
    detector: Detector,
    inspection: Inspection,
    *,
    started_ns: int,
    now_ns: int,
    clock_synchronised: bool,
) -> FrameResult:
    """The result of a frame that went through.

    Args:
        frame: as it came.
        detector: that ran it.
        inspection: what it found.
        started_ns: when a worker took it, monotonic clock.
        now_ns: monotonic clock.
        clock_synchronised: whether its capture time may be compared with our clock.
    """
    spec, stages = detector.spec, inspection.stages
    capture_ns = frame.capture_time_unix_ns if clock_synchronised else None
    return FrameResult(
        frame_id=frame.frame_id,
        status=Status.OK,
        detections=inspection.detections,
        labels=tuple(spec.labels[index] for index in inspection.detections.class_ids.tolist()),
        stages=StageTimes(
            decode_us=stages.decode_us,
            preprocess_us=stages.preprocess_us,
            queue_us=(started_ns - frame.arrival_ns) // 1000,
            infer_us=stages.infer_us,
            postprocess_us=stages.postprocess_us,
        ),
        latency_us=(now_ns - frame.arrival_ns) // 1000,
        age_us=None if capture_ns is None else max(0, time.time_ns() - capture_ns) // 1000,
        model=spec.name,
        version=spec.version,
        device=detector.engine.device,
        width_px=inspection.width_px,
        height_px=inspection.height_px,
        raw_outputs=inspection.raw_outputs,
    )


def dropped(frame: EncodedFrame, reason: DropReason, now_ns: int) -> FrameResult:
    """The result of a frame that was never run; `now_ns` is the monotonic clock."""
    return FrameResult(
        frame_id=frame.frame_id,
        status=Status.DROPPED,
        drop_reason=reason,
        latency_us=(now_ns - frame.arrival_ns) // 1000,
    )


def broken(ticket: Ticket, error: Exception, now_ns: int) -> FrameResult:
    """The result of a stream's frame that could not be run; the operator hears of it too.

    Args:
        ticket: the frame.
        error: what went wrong.
        now_ns: monotonic clock.
    """
    frame = ticket.frame
    _log_failure(frame.frame_id, ticket.stream.origin, error)
    return failed(frame.frame_id, frame.arrival_ns, error, now_ns)


def _log_failure(frame_id: int, origin: Origin, error: Exception) -> None:
    """Log what is not the frame's own fault, unless the watchdog does."""
    if isinstance(error, FrameError | DeviceHungError):
        return
    told = {"origin": origin}
    if isinstance(error, EngineError):
        _log.error("frame %d: the inference failed: %s", frame_id, error, extra=told)
    elif isinstance(error, MemoryError):
        _log.error("frame %d: %s", frame_id, _NO_MEMORY, extra=told)
    else:
        _log.error("frame %d: unexpected fault", frame_id, exc_info=error, extra=told)


def failed(frame_id: int, arrival_ns: int, error: Exception, now_ns: int) -> FrameResult:
    """The result of a frame that could not be processed; times are of the monotonic clock."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), ErrorCode.INTERNAL)
    message = str(error)
    if isinstance(error, MemoryError):
        message = _NO_MEMORY
    elif code is ErrorCode.INTERNAL:
        message = "a fault of the server; its log says more"
    return FrameResult(
        frame_id=frame_id,
        status=Status.ERROR,
        error_code=code,
        message=message,
        latency_us=(now_ns - arrival_ns) // 1000,
    )
