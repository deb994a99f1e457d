"""Results of a camera as the sinks get them."""

from __future__ import annotations

import numpy as np

from edgeserve.domain.camera import CameraEvent, CameraResult, Track
from edgeserve.domain.detections import Detections
from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.domain.result import FrameResult, Status

NOON_NS = 1_700_000_000_123_456_789


def event(track_id: int = 7, kind: str = "zone_left") -> CameraEvent:
    return CameraEvent(
        kind=kind,
        place="gate",
        track_id=track_id,
        label="person",
        time_unix_ns=NOON_NS,
        direction="left" if kind == "line_crossed" else "",
        dwell_ms=1500 if kind == "zone_left" else None,
    )


def result(number: int = 0, *events: CameraEvent, camera: str = "yard") -> CameraResult:
    """Two detections, the second one tracked."""
    found = FrameResult(
        frame_id=number,
        status=Status.OK,
        detections=Detections(
            boxes_xyxy=np.array([[1, 2, 30.5, 40], [5, 6, 50, 60]], np.float32),
            scores=np.array([0.9, 0.4], np.float32),
            class_ids=np.array([1, 0], np.int64),
        ),
        labels=("car", "person"),
        latency_us=12_345,
        model="road",
        version="1",
    )
    return CameraResult(
        camera=camera,
        frame_number=number,
        capture_time_unix_ns=NOON_NS,
        result=found,
        width_px=640,
        height_px=480,
        tracks=(Track(7, 1, (5, 6, 50, 60), 0, 0.4),),
        events=events,
        frame=EncodedFrame(number, bytes(640 * 480 * 3), Encoding.BGR, 640, 480),
    )
