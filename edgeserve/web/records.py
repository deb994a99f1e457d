"""What the API says, as values that JSON can hold; `schemas` says what they look like."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.domain.camera import CameraEvent, CameraResult, CameraStatus
    from edgeserve.domain.result import FrameResult, StageTimes
    from edgeserve.domain.status import DeviceStatus, ModelStatus

STAGES = ("decode", "preprocess", "queue", "infer", "postprocess")
_SCORE_DIGITS = 4
_PIXEL_DIGITS = 2
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def encode(value: object) -> str:
    """JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def stages_us(stages: StageTimes) -> tuple[int, ...]:
    """In the order of `STAGES`."""
    return (
        stages.decode_us,
        stages.preprocess_us,
        stages.queue_us,
        stages.infer_us,
        stages.postprocess_us,
    )


def detections_record(
    result: FrameResult, track_ids: Sequence[int | None] = ()
) -> list[dict[str, Any]]:
    """What was found, the surest first; boxes in pixels of the picture."""
    found = result.detections
    return [
        {
            "label": label,
            "class_id": class_id,
            "score": round(score, _SCORE_DIGITS),
            "box_xyxy": [round(side, _PIXEL_DIGITS) for side in box],
            "track_id": track_id,
        }
        for label, class_id, score, box, track_id in zip(
            result.labels,
            found.class_ids.tolist(),
            found.scores.tolist(),
            found.boxes_xyxy.tolist(),
            track_ids or [None] * len(found),
            strict=True,
        )
    ]


def result_record(result: FrameResult) -> dict[str, Any]:
    """The answer to one picture."""
    times = zip(STAGES, stages_us(result.stages), strict=True)
    return {
        "model": result.model,
        "version": result.version,
        "device": result.device,
        "width_px": result.width_px,
        "height_px": result.height_px,
        "latency_ms": result.latency_us / 1000,
        "stages_ms": {name: time_us / 1000 for name, time_us in times},
        "detections": detections_record(result),
    }


def frame_record(seen: CameraResult) -> dict[str, Any]:
    """One frame of a camera."""
    age_us = seen.result.age_us
    return {
        "camera": seen.camera,
        "frame_number": seen.frame_number,
        **_times(seen.capture_time_unix_ns),
        **result_record(seen.result),
        "status": seen.result.status.value,
        "message": seen.result.message,
        "age_ms": None if age_us is None else age_us / 1000,
        "detections": detections_record(seen.result, seen.track_ids),
    }


def event_record(number: int, seen: CameraResult, event: CameraEvent) -> dict[str, Any]:
    """One thing that happened on a camera."""
    return {
        "id": number,
        "camera": seen.camera,
        "frame_number": seen.frame_number,
        **_times(event.time_unix_ns),
        "kind": event.kind,
        "place": event.place,
        "track_id": event.track_id,
        "label": event.label,
        "direction": event.direction or None,
        "dwell_ms": event.dwell_ms,
    }


def camera_record(
    status: CameraStatus, dropped: int, figures: dict[str, Any] | None
) -> dict[str, Any]:
    """A camera and how it does."""
    return {
        "name": status.name,
        "state": status.state.value,
        "model": status.model,
        "fps": round(status.fps, 2),
        "last_frame_unix_ms": status.last_frame_unix_ns // 1_000_000 or None,
        "reconnects": status.reconnects,
        "stalls": status.stalls,
        "dropped": dropped,
        "last_error": status.last_error,
        "decoder": status.decoder,
        "zones": [
            {"name": zone.name, "points": zone.points, "labels": zone.labels}
            for zone in status.zones
        ],
        "lines": [
            {"name": line.name, "start": line.start, "end": line.end, "labels": line.labels}
            for line in status.lines
        ],
        "figures": figures,
    }


def model_record(status: ModelStatus) -> dict[str, Any]:
    """A model and the engine that it got."""
    engine, thresholds = status.engine, status.thresholds
    return {
        "name": status.name,
        "version": status.version,
        "ready": status.ready,
        "reason": status.reason,
        "is_default": status.is_default,
        "input_width_px": status.input_width_px,
        "input_height_px": status.input_height_px,
        "labels": status.labels,
        "thresholds": None
        if thresholds is None
        else {
            "score": thresholds.score,
            "iou": thresholds.iou,
            "max_detections": thresholds.max_detections,
        },
        "engine": {
            "runtime": engine.runtime,
            "requested": engine.requested,
            "chosen": engine.chosen,
            "reason": engine.reason,
            "precision": engine.precision,
        },
    }


def device_record(status: DeviceStatus) -> dict[str, Any]:
    """A device of this machine, usable or not."""
    return {
        "name": status.name,
        "runtime": status.runtime,
        "runtime_version": status.runtime_version,
        "description": status.description,
        "available": status.available,
        "missing": status.missing,
        "precisions": status.precisions,
    }


def _times(unix_ns: int) -> dict[str, Any]:
    """For people and databases, and for programs whose numbers are doubles."""
    moment = _EPOCH + timedelta(microseconds=unix_ns // 1000)
    return {
        "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "time_unix_ms": unix_ns // 1_000_000,
    }
