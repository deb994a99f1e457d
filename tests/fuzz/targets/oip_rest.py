"""Requests of the Open Inference Protocol over HTTP: JSON, and tensors behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeserve.access.limits import Limits
from edgeserve.domain.errors import EdgeserveError
from edgeserve.oip.call import Call
from edgeserve.wire.oip.inference import InferResponse
from edgeserve.wire.oip.rest_codec import request_from_rest, response_to_rest
from edgeserve.wire.oip.tensor import Tensor, pack
from tests import fakes
from tests.fuzz.reader import Reader
from tests.fuzz.target import Target, check_told

if TYPE_CHECKING:
    from collections.abc import Mapping

_MODELS = fakes.served_models(workers=0)
_LIMITS = Limits(max_frame_bytes=1 << 20)
_ALL_JSON = 0xFFFF
_SIDE = fakes.SIDE_PX
_RESPONSE = InferResponse(
    "fake",
    "1",
    "a",
    (
        Tensor.of_array("boxes", np.ones((1, 1, 4), dtype=np.float32)),
        Tensor.of_elements("labels", (1, 1), [b"car"]),
    ),
)


def run(data: bytes) -> None:
    """Two bytes say how many of the others are JSON."""
    reader = Reader(data)
    length = reader.number(2)
    body = reader.rest()
    try:
        request = request_from_rest(body, None if length == _ALL_JSON else length, "fake", "")
        written, json_length = response_to_rest(_RESPONSE, request)
        json.loads(written[:json_length])
        call = Call.of(request, _MODELS, _LIMITS)
    except EdgeserveError as error:
        check_told(error)
        return
    assert 1 <= len(call.frames) <= _MODELS.options.max_queue_size


def _input(datatype: str, shape: list[int], **more: object) -> dict[str, Any]:
    name = "encoded_images" if datatype == "BYTES" else "images"
    return {"name": name, "datatype": datatype, "shape": shape, **more}


def _body(*inputs: dict[str, Any], behind: bytes = b"", **more: object) -> bytes:
    parameters = {"score_threshold": 0.3, "labels": "car", "priority": "high", "timeout": 5}
    outputs = [{"name": "boxes", "parameters": {"binary_data": True}}, {"name": "labels"}]
    message = {"id": "a", "inputs": inputs, "outputs": outputs, "parameters": parameters | more}
    text = json.dumps(message).encode()
    length = len(text) if behind else _ALL_JSON
    return length.to_bytes(2, "little") + text + behind


def seeds() -> Mapping[str, bytes]:
    size = {"binary_data_size": 7}
    whole = {"binary_data_size": _SIDE * _SIDE * 3}
    return {
        "a picture in base64": _body(
            _input("BYTES", [1], data=["/9j/"], parameters={"content_type": "base64"})
        ),
        "a picture as text": _body(_input("BYTES", [1], data=["abc"])),
        "a picture behind": _body(_input("BYTES", [1], parameters=size), behind=pack([b"abc"])),
        "numbers": _body(_input("FP32", [2, 2], data=[[0.5, 1], [-1, 1e300]])),
        "a tensor behind": _body(
            _input("UINT8", [1, _SIDE, _SIDE, 3], parameters=whole),
            behind=bytes(_SIDE * _SIDE * 3),
        ),
    }


def found() -> Mapping[str, bytes]:
    base64 = {"content_type": "base64"}
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    huge = 10**4000
    return {
        "half of a surrogate pair": _body(_input("BYTES", [1], data=["\ud800"])),
        "base64 that is not ASCII": _body(_input("BYTES", [1], data=["é"], parameters=base64)),
        "lists in lists": _body(_input("BYTES", [1], data=deep)),
        "beyond half floats": _body(_input("FP16", [1], data=[1e300])),
        "a threshold beyond all numbers": _body(
            _input("BYTES", [1], data=["abc"]), score_threshold=huge
        ),
        "a shape whose product cannot be written": _body(_input("FP32", [huge] * 3, data=[])),
        "a shape whose product has millions of digits": _body(
            _input("FP32", [1 << 62] * 100_000, data=[])
        ),
        "outputs without an end": b"\xff\xff"
        + json.dumps({"inputs": [], "outputs": [{"name": "boxes"}] * 300_000}).encode(),
        "strings without an end": _body(_input("BYTES", [1], data=["a"] * 1_500_000)),
    }


TARGET = Target(
    run,
    seeds,
    found,
    (b'"parameters":{"binary_data_size":3}', b"1e999", b"NaN", b"null", b"\\ud800", b"[[", b"{}"),
    longest=1 << 14,
)
