"""A frame's result as a JSON record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeserve.domain.result import Status

if TYPE_CHECKING:
    from edgeserve.domain.result import FrameResult

_SCORE_DIGITS = 6
_PIXEL_DIGITS = 3


def record(result: FrameResult) -> dict[str, Any]:
    """The JSON record; `reason` is null and `message` empty unless something was wrong."""
    stages = result.stages
    found = result.detections
    return {
        "frame_id": result.frame_id,
        "status": result.status.value,
        "reason": reason(result),
        "message": result.message,
        "model": result.model,
        "version": result.version,
        "device": result.device,
        "latency_ms": result.latency_us / 1000,
        "stages_us": {
            "decode": stages.decode_us,
            "preprocess": stages.preprocess_us,
            "queue": stages.queue_us,
            "infer": stages.infer_us,
            "postprocess": stages.postprocess_us,
        },
        "detections": [
            {
                "label": label,
                "class_id": class_id,
                "score": round(score, _SCORE_DIGITS),
                "box_xyxy": [round(side, _PIXEL_DIGITS) for side in box],
            }
            for label, class_id, score, box in zip(
                result.labels,
                found.class_ids.tolist(),
                found.scores.tolist(),
                found.boxes_xyxy.tolist(),
                strict=True,
            )
        ],
    }


def reason(result: FrameResult) -> str | None:
    """Why a frame was dropped, or what was wrong with it."""
    why = result.drop_reason if result.status is Status.DROPPED else result.error_code
    return why.value if why is not None else None
