"""Messages of our own services, read as the servers and the clients read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError
from pydantic import ValidationError

from edgeserve.access.limits import Limits
from edgeserve.cameras.options import CameraOptions
from edgeserve.catalog.manifest import explain
from edgeserve.domain.errors import EdgeserveError, RequestError
from edgeserve.domain.request import StreamOptions
from edgeserve.preprocess.header import count_pixels
from edgeserve.wire._generated import admin_pb2
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire.codec.camera import camera_result_from_proto, camera_status_from_proto
from edgeserve.wire.codec.frame import frame_from_proto, frame_to_proto, is_raw
from edgeserve.wire.codec.options import (
    detect_options_from_proto,
    stream_options_from_proto,
    stream_options_to_proto,
)
from edgeserve.wire.codec.result import result_from_proto
from edgeserve.wire.codec.status import device_status_from_proto, model_status_from_proto
from edgeserve.wire.field_count import check_fields
from tests import fakes
from tests.fuzz.reader import Reader
from tests.fuzz.target import Target, check_told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LIMITS = Limits(max_frame_bytes=1024)
_MODELS = fakes.served_models(workers=0)
_MOST_FIELDS = 500


def _detect(message: pb.DetectRequest) -> None:
    _frame(message.frame)
    _open(StreamOptions(detect=detect_options_from_proto(message.options)))


def _stream(message: pb.StreamDetectRequest) -> None:
    if message.HasField("config"):
        options = stream_options_from_proto(message.config)
        again = stream_options_from_proto(stream_options_to_proto(options))
        assert repr(again) == repr(options)  # NaN is not equal to itself
        _open(options)
    else:
        _frame(message.frame)


def _frame(message: pb.Frame) -> None:
    image = message.image
    count_pixels(image.data, image.width_px, image.height_px, raw=is_raw(image))
    frame = frame_from_proto(message, 1)
    _LIMITS.check_frame_bytes(len(frame.data))
    assert frame_from_proto(frame_to_proto(frame), 1) == frame


def _open(options: StreamOptions) -> None:
    _MODELS.open_stream(options, source="grpc", on_change=lambda: None).close()


def _camera(message: admin_pb2.AddCameraRequest) -> None:
    try:
        given = {"name": message.name, "url": message.url, "model": message.model}
        options = CameraOptions.model_validate(given)
    except ValidationError as error:
        raise RequestError(explain("camera", error)) from None
    assert options.name.isascii()


_KINDS: list[tuple[Any, Callable[[Any], object]]] = [
    (pb.DetectRequest, _detect),
    (pb.StreamDetectRequest, _stream),
    (admin_pb2.AddCameraRequest, _camera),
    (pb.FrameResult, result_from_proto),
    (pb.WatchCameraResponse, camera_result_from_proto),
    (pb.CameraStatus, camera_status_from_proto),
    (pb.ModelStatus, model_status_from_proto),
    (pb.DeviceStatus, device_status_from_proto),
]


def run(data: bytes) -> None:
    reader = Reader(data)
    kind, read = reader.choice(_KINDS)
    body = reader.rest()
    try:
        check_fields(body, kind.DESCRIPTOR, _MOST_FIELDS)
        read(kind.FromString(body))
    except DecodeError:
        return
    except EdgeserveError as error:
        check_told(error)


def seeds() -> Mapping[str, bytes]:
    image = pb.Image(data=b"\xff\xd8\xff", encoding=pb.ENCODING_BGR, width_px=4, height_px=3)
    image.stride_bytes = 12
    frame = pb.Frame(frame_id=7, image=image, capture_time_unix_ns=1_700_000_000_000_000_000)
    options = pb.DetectOptions(
        model="fake",
        version="1",
        score_threshold=0.3,
        iou_threshold=0.5,
        max_detections=9,
        labels=["person", "car"],
    )
    config = pb.StreamConfig(
        options=options,
        policy=pb.POLICY_QUEUE,
        queue_size=4,
        max_age_ms=500,
        clock_synchronised=True,
        priority=pb.PRIORITY_HIGH,
    )
    result = pb.FrameResult(
        frame_id=7,
        status=pb.RESULT_STATUS_OK,
        drop_reason=pb.DROP_REASON_REPLACED,
        error=pb.FrameError(code=pb.ERROR_CODE_INTERNAL, message="x"),
        detections=[pb.Detection(box=pb.Box(x_max=3, y_max=4), score=0.5, class_id=1, label="car")],
        latency_us=4,
        age_us=5,
    )
    camera = admin_pb2.AddCameraRequest(name="gate", url="rtsp://user:secret@host/1", model="fake")
    messages = [
        pb.DetectRequest(options=options, frame=frame),
        pb.StreamDetectRequest(frame=frame),
        camera,
        result,
        pb.WatchCameraResponse(camera="gate", result=result, jpeg=b"\xff\xd8"),
        pb.CameraStatus(name="gate", state=pb.CAMERA_STATE_RUNNING, fps=3),
        pb.ModelStatus(name="fake", ready=True, labels=["car"], engine=pb.EngineStatus()),
        pb.DeviceStatus(name="openvino:CPU", precisions=["int8"]),
    ]
    named = {
        type(message).__name__: bytes((number,)) + message.SerializeToString()
        for number, message in enumerate(messages)
    }
    setting = pb.StreamDetectRequest(config=config)
    return named | {"StreamConfig": b"\x01" + setting.SerializeToString()}


def found() -> Mapping[str, bytes]:
    def detect(**options: Any) -> bytes:  # noqa: ANN401 - of any field
        return b"\0" + pb.DetectRequest(options=pb.DetectOptions(**options)).SerializeToString()

    url = admin_pb2.AddCameraRequest(name="g" * 100_000, url="://" * 100_000)
    return {
        "an error longer than a header": detect(labels=["x" * 100_000]),
        "an error that more bytes than characters make long": detect(model="\U0001f600" * 900),
        "a million empty labels": detect(labels=[""] * 1_000_000),
        "a label again and again": detect(labels=["car"] * 200_000),
        "addresses without an end": b"\x02" + url.SerializeToString(),
    }


TARGET = Target(run, seeds, found, (b"person", b"car", b"fake", b"\0\0\xc0\x7f", b"\0\0\x80\x7f"))
