"""What the API's answers look like, as JSON schemas (OpenAPI's `components`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeserve.domain.camera import CameraState
from edgeserve.web.records import STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_NUMBER: dict[str, Any] = {"type": "number", "minimum": 0}
_SHARE: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_POINT: dict[str, Any] = {"type": "array", "items": _SHARE, "minItems": 2, "maxItems": 2}


def ref(name: str) -> dict[str, Any]:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(key: str, name: str) -> dict[str, Any]:
    """An object with one list in it."""
    return _record({key: {"type": "array", "items": ref(name)}})


def _record(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": dict(properties)}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


_TIMES = {"time": {**_TEXT, "format": "date-time"}, "time_unix_ms": _COUNT}
_RESULT = {
    "model": _TEXT,
    "version": _TEXT,
    "device": _TEXT,
    "width_px": _COUNT,
    "height_px": _COUNT,
    "latency_ms": _NUMBER,
    "stages_ms": _record(dict.fromkeys(STAGES, _NUMBER)),
    "detections": {"type": "array", "items": ref("Detection")},
}

SCHEMAS: dict[str, Any] = {
    "Problem": _record(
        {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT}
    ),
    "Detection": _record(
        {
            "label": _TEXT,
            "class_id": _COUNT,
            "score": _SHARE,
            "box_xyxy": {
                "type": "array",
                "items": {"type": "number"},
                "minItems": 4,
                "maxItems": 4,
                "description": "Corners in pixels of the picture.",
            },
            "track_id": _or_null(_COUNT),
        }
    ),
    "Result": _record(_RESULT),
    "Figures": _record(
        {
            "time_unix_ms": _COUNT,
            "results_per_s": _NUMBER,
            **{f"{name}_ms": _NUMBER for name in ("latency", "age", *STAGES)},
        }
    ),
    "Zone": _record(
        {"name": _TEXT, "points": {"type": "array", "items": _POINT}, "labels": _TEXTS}
    ),
    "Line": _record({"name": _TEXT, "start": _POINT, "end": _POINT, "labels": _TEXTS}),
    "Camera": _record(
        {
            "name": _TEXT,
            "state": {**_TEXT, "enum": [state.value for state in CameraState]},
            "model": {**_TEXT, "description": "Empty for the server's default."},
            "fps": _NUMBER,
            "last_frame_unix_ms": _or_null(_COUNT),
            "reconnects": _COUNT,
            "stalls": _COUNT,
            "dropped": {**_COUNT, "description": "Frames that a newer one replaced."},
            "last_error": _TEXT,
            "decoder": _TEXT,
            "zones": {"type": "array", "items": ref("Zone")},
            "lines": {"type": "array", "items": ref("Line")},
            "figures": _or_null(ref("Figures")),
        }
    ),
    "Event": _record(
        {
            "id": _COUNT,
            "camera": _TEXT,
            "frame_number": _COUNT,
            **_TIMES,
            "kind": {**_TEXT, "examples": ["zone_entered", "zone_left", "line_crossed"]},
            "place": _TEXT,
            "track_id": _COUNT,
            "label": _TEXT,
            "direction": _or_null({**_TEXT, "enum": ["left", "right", None]}),
            "dwell_ms": _or_null(_COUNT),
        }
    ),
    "Model": _record(
        {
            "name": _TEXT,
            "version": _TEXT,
            "ready": _FLAG,
            "reason": _TEXT,
            "is_default": _FLAG,
            "input_width_px": _COUNT,
            "input_height_px": _COUNT,
            "labels": _TEXTS,
            "thresholds": _or_null(
                _record({"score": _SHARE, "iou": _SHARE, "max_detections": _COUNT})
            ),
            "engine": _record(
                dict.fromkeys(("runtime", "requested", "chosen", "reason", "precision"), _TEXT)
            ),
        }
    ),
    "Device": _record(
        {
            "name": _TEXT,
            "runtime": _TEXT,
            "runtime_version": _TEXT,
            "description": _TEXT,
            "available": _FLAG,
            "missing": _TEXT,
            "precisions": _TEXTS,
        }
    ),
}
