"""What comes back for a frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from edgeserve.domain.detections import Detections

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


class Status(str, Enum):
    """How a frame ended."""

    OK = "OK"
    DROPPED = "DROPPED"
    ERROR = "ERROR"


class DropReason(str, Enum):
    """Why a frame was dropped."""

    REPLACED = "replaced"
    EXPIRED = "expired"
    QUEUE_FULL = "queue_full"
    SHUTDOWN = "shutdown"


class ErrorCode(str, Enum):
    """What was wrong with a frame."""

    INVALID_IMAGE = "invalid_image"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_BYTES = "too_many_bytes"
    RATE_LIMITED = "rate_limited"
    ENGINE_FAILED = "engine_failed"
    INTERNAL = "internal"
    MODEL_UNAVAILABLE = "model_unavailable"


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Where the time of one frame went, in microseconds."""

    decode_us: int = 0
    preprocess_us: int = 0
    queue_us: int = 0
    infer_us: int = 0
    postprocess_us: int = 0


@dataclass(frozen=True, slots=True)
class FrameResult:
    """The one answer to one frame.

    Attributes:
        frame_id: the sender's number.
        status: how it ended.
        detections: boxes in source pixels; empty unless OK.
        labels: one name for each detection.
        drop_reason: set when DROPPED.
        error_code: set when ERROR.
        message: for people, when ERROR.
        stages: where the time went.
        latency_us: from arrival to result, monotonic clock.
        age_us: from capture to result, where both clocks are known to agree.
        model: name of the model that ran.
        version: of that model.
        device: "RUNTIME:DEVICE" that ran it.
        width_px: of the source picture, 0 if never decoded.
        height_px: of the source picture, 0 if never decoded.
        raw_outputs: what the model computed, by name and each with a first axis of 1, where that
            was asked for.
    """

    frame_id: int
    status: Status
    detections: Detections = field(default_factory=Detections.empty)
    labels: tuple[str, ...] = ()
    drop_reason: DropReason | None = None
    error_code: ErrorCode | None = None
    message: str = ""
    stages: StageTimes = field(default_factory=StageTimes)
    latency_us: int = 0
    age_us: int | None = None
    model: str = ""
    version: str = ""
    device: str = ""
    width_px: int = 0
    height_px: int = 0
    raw_outputs: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
