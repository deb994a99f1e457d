"""`Frame` messages."""

from __future__ import annotations

from edgeserve.domain.errors import InvalidImageError
from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.wire._generated import detection_pb2 as pb

_ENCODINGS: dict[pb.Encoding.ValueType, Encoding] = {
    pb.ENCODING_UNSPECIFIED: Encoding.AUTO,
    pb.ENCODING_JPEG: Encoding.JPEG,
    pb.ENCODING_PNG: Encoding.PNG,
    pb.ENCODING_WEBP: Encoding.WEBP,
    pb.ENCODING_BGR: Encoding.BGR,
    pb.ENCODING_RGB: Encoding.RGB,
    pb.ENCODING_GRAY: Encoding.GRAY,
    pb.ENCODING_NV12: Encoding.NV12,
}
_NUMBERS = {encoding: number for number, encoding in _ENCODINGS.items()}


def is_raw(image: pb.Image) -> bool:
    """Whether the bytes of a picture are pixels already."""
    encoding = _ENCODINGS.get(image.encoding)
    return encoding is not None and encoding.raw


def frame_from_proto(message: pb.Frame, arrival_ns: int) -> EncodedFrame:
    """Read a frame that arrived at `arrival_ns` (monotonic clock).

    Raises:
        InvalidImageError: the encoding is not one that this server knows.
    """
    image = message.image
    encoding = _ENCODINGS.get(image.encoding)
    if encoding is None:
        known = ", ".join(pb.Encoding.keys())
        text = f"encoding {image.encoding} is unknown; expected one of {known}"
        raise InvalidImageError(text)
    return EncodedFrame(
        frame_id=message.frame_id,
        data=image.data,
        encoding=encoding,
        width_px=image.width_px,
        height_px=image.height_px,
        stride_bytes=image.stride_bytes,
        arrival_ns=arrival_ns,
        capture_time_unix_ns=(
            message.capture_time_unix_ns if message.HasField("capture_time_unix_ns") else None
        ),
    )


def frame_to_proto(frame: EncodedFrame) -> pb.Frame:
    """Write a frame.

    Raises:
        InvalidImageError: it is a model's own tensor, which this protocol has no word for.
    """
    if frame.encoding not in _NUMBERS:
        text = f"a frame of encoding {frame.encoding.value} cannot be sent; expected a picture"
        raise InvalidImageError(text)
    return pb.Frame(
        frame_id=frame.frame_id,
        image=pb.Image(
            data=bytes(frame.data),
            encoding=_NUMBERS[frame.encoding],
            width_px=frame.width_px,
            height_px=frame.height_px,
            stride_bytes=frame.stride_bytes,
        ),
        capture_time_unix_ns=frame.capture_time_unix_ns,
    )
