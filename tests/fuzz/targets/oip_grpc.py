"""Requests of the Open Inference Protocol over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from google.protobuf.message import DecodeError

from edgeserve.access.limits import Limits
from edgeserve.domain.errors import EdgeserveError
from edgeserve.oip.call import Call
from edgeserve.wire._generated import inference_pb2 as pb
from edgeserve.wire.field_count import check_fields
from edgeserve.wire.oip.grpc_codec import request_from_proto
from edgeserve.wire.oip.tensor import pack
from tests import fakes
from tests.fuzz.target import Target, check_told

if TYPE_CHECKING:
    from collections.abc import Mapping

_MODELS = fakes.served_models(workers=0)
_LIMITS = Limits(max_frame_bytes=1 << 20)
_MOST_FIELDS = 100_000
_SIDE = fakes.SIDE_PX
_Input = pb.ModelInferRequest.InferInputTensor
_Output = pb.ModelInferRequest.InferRequestedOutputTensor


def run(data: bytes) -> None:
    try:
        check_fields(data, pb.ModelInferRequest.DESCRIPTOR, _MOST_FIELDS)
        message = pb.ModelInferRequest.FromString(data)
    except DecodeError:
        return
    except EdgeserveError as error:
        check_told(error)
        return
    try:
        call = Call.of(request_from_proto(message), _MODELS, _LIMITS)
    except EdgeserveError as error:
        check_told(error)
        return
    assert 1 <= len(call.frames) <= _MODELS.options.max_queue_size


def _request(*inputs: _Input, raw: tuple[bytes, ...] = ()) -> bytes:
    return pb.ModelInferRequest(
        model_name="fake",
        model_version="1",
        id="a",
        parameters={
            "score_threshold": pb.InferParameter(double_param=0.3),
            "labels": pb.InferParameter(string_param="car,person"),
            "timeout": pb.InferParameter(uint64_param=1_000_000),
            "policy": pb.InferParameter(string_param="queue"),
        },
        inputs=inputs,
        outputs=[_Output(name="boxes"), _Output(name="raw.boxes")],
        raw_input_contents=raw,
    ).SerializeToString()


def seeds() -> Mapping[str, bytes]:
    picture = b"\xff\xd8\xff"
    encoded = _Input(name="encoded_images", datatype="BYTES", shape=[2])
    typed = _Input(name="encoded_images", datatype="BYTES", shape=[1])
    typed.contents.bytes_contents.append(picture)
    tensor = _Input(name="images", datatype="UINT8", shape=[1, _SIDE, _SIDE, 3])
    numbers = _Input(name="images", datatype="FP32", shape=[2, 2])
    numbers.contents.fp32_contents.extend([0.5, -1, 1e30, float("nan")])
    small = _Input(name="images", datatype="INT8", shape=[3])
    small.contents.int_contents.extend([1, -1, 127])
    return {
        "pictures raw": _request(encoded, raw=(pack([picture] * 2),)),
        "picture typed": _request(typed),
        "tensor": _request(tensor, raw=(bytes(_SIDE * _SIDE * 3),)),
        "numbers typed": _request(numbers),
        "small numbers typed": _request(small),
    }


def found() -> Mapping[str, bytes]:
    many = pb.ModelInferRequest(model_name="fake")
    many.outputs.extend([_Output()] * 300_000)
    sizes = _Input(name="images", datatype="UINT8", shape=[(1 << 62) - 1] * 100_000)
    values = _Input(name="images", datatype="UINT8", shape=[1 << 23])
    values.contents.uint_contents.extend(np.zeros(1 << 23, dtype=np.uint32))
    elements = _Input(name="encoded_images", datatype="BYTES", shape=[1])
    elements.contents.bytes_contents.extend([b""] * 90_000)
    return {
        "outputs without an end": many.SerializeToString(),
        "a shape whose product has millions of digits": _request(sizes, raw=(b"",)),
        "millions of numbers one by one": _request(values),
        "pictures without an end": _request(elements),
    }


TARGET = Target(
    run,
    seeds,
    found,
    (b"encoded_images", b"images", b"raw.boxes", b"FP16", b"BOOL"),
    longest=1 << 14,
)
