"""The frames of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.domain.errors import RequestError
from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.oip.tensors import ENCODED
from edgeserve.wire.oip.datatype import BYTES

if TYPE_CHECKING:
    from edgeserve.access.limits import Limits
    from edgeserve.oip.tensors import ModelTensors
    from edgeserve.wire.oip.description import TensorMetadata
    from edgeserve.wire.oip.inference import InferRequest
    from edgeserve.wire.oip.tensor import Tensor


def frames_of(
    request: InferRequest, tensors: ModelTensors, limits: Limits, most: int, arrival_ns: int
) -> list[EncodedFrame]:
    """The frames of a request, in their order.

    Args:
        request: as it came.
        tensors: that the model takes.
        limits: of the server.
        most: frames in one request.
        arrival_ns: when the server had read it, on the monotonic clock.

    Raises:
        RequestError: not one input that the model takes, or more frames than the server does.
        FrameError: a frame is over a limit.
    """
    given = _the_input(request, tensors)
    if not 1 <= given.shape[0] <= most:
        text = (
            f"input {given.name!r} has shape {list(given.shape)}; a request has 1 to {most} "
            "frames (setting max_queue_size)"
        )
        raise RequestError(text)
    return _encoded(given, limits, arrival_ns) if given.name == ENCODED else _own(given, arrival_ns)


def _the_input(request: InferRequest, tensors: ModelTensors) -> Tensor:
    """The one input of a request, which is one that the model takes."""
    for expected in tensors.inputs:
        if len(request.inputs) == 1 and request.inputs[0].name == expected.name:
            _check(request.inputs[0], expected)
            return request.inputs[0]
    given = ", ".join(repr(one.name) for one in request.inputs) or "none"
    known = ", ".join(_text(one) for one in tensors.inputs)
    text = f"model {request.model_name!r}: the inputs are {given}; expected one of {known}"
    raise RequestError(text)


def _check(given: Tensor, expected: TensorMetadata) -> None:
    shape = given.shape
    if expected.datatype == BYTES and shape[1:] == (1,):
        # Clients whose models have a fixed batch axis of their own send one element a row.
        shape = shape[:1]
    fits = len(shape) == len(expected.shape) and shape[1:] == expected.shape[1:]
    if given.datatype != expected.datatype or not fits:
        text = (
            f"input {given.name!r} is {given.datatype} {list(given.shape)}; "
            f"expected {expected.datatype} {list(expected.shape)}"
        )
        raise RequestError(text)


def _encoded(given: Tensor, limits: Limits, arrival_ns: int) -> list[EncodedFrame]:
    pictures = given.elements()
    for picture in pictures:
        limits.check_frame_bytes(len(picture))
    return [
        EncodedFrame(frame_id=index, data=picture, arrival_ns=arrival_ns)
        for index, picture in enumerate(pictures)
    ]


def _own(given: Tensor, arrival_ns: int) -> list[EncodedFrame]:
    """Frames that are the model's own tensor, cut along the first axis."""
    data = memoryview(given.raw)
    size_bytes = len(data) // given.shape[0]
    return [
        EncodedFrame(
            frame_id=index,
            data=data[index * size_bytes : (index + 1) * size_bytes],
            encoding=Encoding.TENSOR,
            arrival_ns=arrival_ns,
        )
        for index in range(given.shape[0])
    ]


def _text(one: TensorMetadata) -> str:
    return f"{one.name} ({one.datatype} {list(one.shape)})"
