"""`CameraStatus` and `WatchCameraResponse` messages."""

from __future__ import annotations

from edgeserve.domain.camera import (
    CameraEvent,
    CameraResult,
    CameraState,
    CameraStatus,
    Line,
    Track,
    Zone,
)
from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire.codec.result import result_from_proto, result_to_proto

_STATES: dict[pb.CameraState.ValueType, CameraState] = {
    pb.CAMERA_STATE_CONNECTING: CameraState.CONNECTING,
    pb.CAMERA_STATE_RUNNING: CameraState.RUNNING,
    pb.CAMERA_STATE_STALLED: CameraState.STALLED,
    pb.CAMERA_STATE_WAITING: CameraState.WAITING,
    pb.CAMERA_STATE_PAUSED: CameraState.PAUSED,
}
_STATE_NUMBERS = {state: number for number, state in _STATES.items()}


def camera_result_to_proto(result: CameraResult, jpeg: bytes) -> pb.WatchCameraResponse:
    """Write what was seen; `jpeg` is empty where no picture goes along."""
    message = result_to_proto(result.result)
    for detection, track_id in zip(message.detections, result.track_ids, strict=True):
        if track_id is not None:
            detection.track_id = track_id
    return pb.WatchCameraResponse(
        camera=result.camera,
        result=message,
        jpeg=jpeg,
        capture_time_unix_ns=result.capture_time_unix_ns,
        events=[
            pb.CameraEvent(
                kind=event.kind,
                place=event.place,
                track_id=event.track_id,
                label=event.label,
                time_unix_ns=event.time_unix_ns,
                direction=event.direction,
                dwell_ms=event.dwell_ms,
            )
            for event in result.events
        ],
    )


def camera_result_from_proto(message: pb.WatchCameraResponse) -> CameraResult:
    """Read what was seen. Of tracks the message tells which detections they are."""
    result = result_from_proto(message.result)
    tracks = tuple(
        Track(
            track_id=detection.track_id,
            detection=index,
            box_xyxy=(
                detection.box.x_min,
                detection.box.y_min,
                detection.box.x_max,
                detection.box.y_max,
            ),
            class_id=detection.class_id,
            score=detection.score,
        )
        for index, detection in enumerate(message.result.detections)
        if detection.HasField("track_id")
    )
    frame = EncodedFrame(result.frame_id, message.jpeg, Encoding.JPEG) if message.jpeg else None
    return CameraResult(
        camera=message.camera,
        frame_number=result.frame_id,
        capture_time_unix_ns=message.capture_time_unix_ns,
        result=result,
        width_px=result.width_px,
        height_px=result.height_px,
        tracks=tracks,
        events=tuple(
            CameraEvent(
                kind=event.kind,
                place=event.place,
                track_id=event.track_id,
                label=event.label,
                time_unix_ns=event.time_unix_ns,
                direction=event.direction,
                dwell_ms=event.dwell_ms if event.HasField("dwell_ms") else None,
            )
            for event in message.events
        ),
        frame=frame,
    )


def camera_status_to_proto(status: CameraStatus) -> pb.CameraStatus:
    """Write the state of a camera."""
    return pb.CameraStatus(
        name=status.name,
        state=_STATE_NUMBERS[status.state],
        model=status.model,
        fps=status.fps,
        last_frame_unix_ns=status.last_frame_unix_ns,
        reconnects=status.reconnects,
        stalls=status.stalls,
        last_error=status.last_error,
        decoder=status.decoder,
        zones=[
            pb.Zone(name=zone.name, points=[pb.Point(x=x, y=y) for x, y in zone.points])
            for zone in status.zones
        ],
        lines=[
            pb.Line(
                name=line.name,
                start=pb.Point(x=line.start[0], y=line.start[1]),
                end=pb.Point(x=line.end[0], y=line.end[1]),
            )
            for line in status.lines
        ],
    )


def camera_status_from_proto(message: pb.CameraStatus) -> CameraStatus:
    """Read the state of a camera."""
    return CameraStatus(
        name=message.name,
        # A newer server may know more states; what it is doing then, nobody here can say.
        state=_STATES.get(message.state, CameraState.WAITING),
        model=message.model,
        fps=message.fps,
        last_frame_unix_ns=message.last_frame_unix_ns,
        reconnects=message.reconnects,
        stalls=message.stalls,
        last_error=message.last_error,
        zones=tuple(
            Zone(zone.name, tuple((point.x, point.y) for point in zone.points))
            for zone in message.zones
        ),
        lines=tuple(
            Line(line.name, (line.start.x, line.start.y), (line.end.x, line.end.y))
            for line in message.lines
        ),
        decoder=message.decoder,
    )
