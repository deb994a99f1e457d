"""Results and events as JSON; `schema/` says what it looks like."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgeserve.domain.camera import CameraEvent, CameraResult

_SCORE_DIGITS = 6
_PIXEL_DIGITS = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def detections_message(result: CameraResult) -> dict[str, Any]:
    """What was found in one frame of a camera."""
    frame, found = result.result, result.result.detections
    return {
        "type": "detections",
        "camera": result.camera,
        "frame_number": result.frame_number,
        **_times(result.capture_time_unix_ns),
        "status": frame.status.value,
        "message": frame.message,
        "model": frame.model,
        "version": frame.version,
        "latency_ms": frame.latency_us / 1000,
        "width_px": result.width_px,
        "height_px": result.height_px,
        "detections": [
            {
                "label": label,
                "class_id": class_id,
                "score": round(score, _SCORE_DIGITS),
                "box_xyxy": [round(side, _PIXEL_DIGITS) for side in box_xyxy],
                "track_id": track_id,
            }
            for label, class_id, score, box_xyxy, track_id in zip(
                frame.labels,
                found.class_ids.tolist(),
                found.scores.tolist(),
                found.boxes_xyxy.tolist(),
                result.track_ids,
                strict=True,
            )
        ],
    }


def event_message(result: CameraResult, event: CameraEvent) -> dict[str, Any]:
    """One thing that happened on a camera, told with this result."""
    return {
        "type": "event",
        "camera": result.camera,
        "frame_number": result.frame_number,
        **_times(event.time_unix_ns),
        "kind": event.kind,
        "place": event.place,
        "track_id": event.track_id,
        "label": event.label,
        "direction": event.direction or None,
        "dwell_ms": event.dwell_ms,
    }


def encode(message: dict[str, Any]) -> bytes:
    """One line of UTF-8 without its end."""
    text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def _times(unix_ns: int) -> dict[str, Any]:
    """For people and databases, and for programs whose numbers are doubles."""
    moment = _EPOCH + timedelta(microseconds=unix_ns // 1000)
    return {
        "time": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "time_unix_ms": unix_ns // 1_000_000,
    }
