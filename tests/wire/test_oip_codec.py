"""Tensors of the Open Inference Protocol: what is written is read."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from edgeserve.domain.errors import RequestError
from edgeserve.wire._generated import inference_pb2 as pb
from edgeserve.wire.oip.bounds import MOST_PARTS, MOST_SIZES, MOST_VALUES
from edgeserve.wire.oip.datatype import datatype_of, dtype_of
from edgeserve.wire.oip.grpc_codec import request_from_proto, response_to_proto
from edgeserve.wire.oip.inference import InferRequest, InferResponse, RequestedOutput
from edgeserve.wire.oip.rest_codec import request_from_rest, response_to_rest
from edgeserve.wire.oip.tensor import Tensor

DATATYPES = (
    "BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64".split()  # noqa: SIM905
)
CONTENTS = {
    "BOOL": "bool_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
}
arrays = st.sampled_from(DATATYPES).flatmap(
    lambda name: st_numpy.arrays(dtype_of(name), st_numpy.array_shapes(max_dims=4, min_side=0))
)


@given(arrays)
def test_numbers_survive_raw(array: np.ndarray) -> None:
    tensor = Tensor.of_array("x", array)
    again = Tensor.received("x", tensor.datatype, tensor.shape, tensor.raw)
    assert again.datatype == datatype_of(array.dtype)
    assert again.array().tobytes() == array.tobytes()
    assert again.array().shape == array.shape


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_elements_survive(elements: list[bytes]) -> None:
    tensor = Tensor.of_elements("x", (len(elements),), elements)
    assert Tensor.received("x", "BYTES", tensor.shape, tensor.raw).elements() == elements


@given(st.binary(max_size=60), st.lists(st.integers(-1, 5), max_size=3))
def test_bytes_from_outside_are_read_or_refused(raw: bytes, shape: list[int]) -> None:
    try:
        tensor = Tensor.received("x", "BYTES", shape, raw)
        elements = tensor.elements()
    except RequestError:
        return
    assert len(elements) == tensor.count
    assert sum(map(len, elements)) + 4 * len(elements) == len(raw)


@pytest.mark.parametrize(("datatype", "field"), CONTENTS.items())
def test_typed_contents_are_the_same_as_raw_ones(datatype: str, field: str) -> None:
    values = [0, 1, 1, 0]
    message = pb.ModelInferRequest()
    one = message.inputs.add(name="x", datatype=datatype, shape=[2, 2])
    getattr(one.contents, field).extend(values)
    (tensor,) = request_from_proto(message).inputs
    expected = np.array(values, dtype_of(datatype)).reshape(2, 2)
    np.testing.assert_array_equal(tensor.array(), expected)


def test_typed_contents_that_do_not_fit_are_refused() -> None:
    for datatype, shape, values, words in (
        ("UINT8", [1], [300], "not of UINT8"),
        ("UINT8", [2], [1], "1 bytes"),
        ("FP16", [1], [1], "raw_input_contents only"),
        ("NOPE", [1], [1], "unknown"),
    ):
        message = pb.ModelInferRequest()
        one = message.inputs.add(name="x", datatype=datatype, shape=shape)
        one.contents.uint_contents.extend(values)
        with pytest.raises(RequestError, match=words):
            request_from_proto(message)


@given(arrays, st.booleans())
def test_responses_survive_both_transports(array: np.ndarray, binary: bool) -> None:  # noqa: FBT001
    if np.issubdtype(array.dtype, np.floating):
        array = np.nan_to_num(array)
    response = InferResponse("m", "1", "7", (Tensor.of_array("x", array),), {"final": True})
    message = response_to_proto(response)
    assert message.raw_output_contents[0] == array.tobytes()
    assert tuple(message.outputs[0].shape) == array.shape
    assert message.parameters["final"].bool_param
    asked = InferRequest("m", "", "7", {}, (), (RequestedOutput("x", {"binary_data": binary}),))
    body, length = response_to_rest(response, asked)
    # An output is written as an input is: what we read of it is what we wrote.
    again = request_from_rest(body.replace(b'"outputs"', b'"inputs" ', 1), length, "m", "")
    np.testing.assert_array_equal(again.inputs[0].array(), array)


def of_rest(**message: object) -> InferRequest:
    return request_from_rest(json.dumps({"inputs": [], **message}).encode(), None, "m", "")


def test_parts_of_a_request_at_and_over_the_limit() -> None:
    output = pb.ModelInferRequest.InferRequestedOutputTensor(name="x")
    request = request_from_proto(pb.ModelInferRequest(outputs=[output] * MOST_PARTS))
    assert len(request.outputs) == MOST_PARTS
    with pytest.raises(RequestError, match=f"has {MOST_PARTS + 1} outputs"):
        request_from_proto(pb.ModelInferRequest(outputs=[output] * (MOST_PARTS + 1)))
    parameters = {str(number): pb.InferParameter() for number in range(MOST_PARTS + 1)}
    with pytest.raises(RequestError, match=f"has {MOST_PARTS + 1} parameters"):
        request_from_proto(pb.ModelInferRequest(parameters=parameters))
    assert len(of_rest(outputs=[{"name": "x"}] * MOST_PARTS).outputs) == MOST_PARTS
    with pytest.raises(RequestError, match=f"has {MOST_PARTS + 1} outputs"):
        of_rest(outputs=[{"name": "x"}] * (MOST_PARTS + 1))


def test_sizes_of_a_shape_at_and_over_the_limit() -> None:
    assert Tensor.received("x", "UINT8", [1] * MOST_SIZES, b"x").count == 1
    for shape in ([1] * (MOST_SIZES + 1), [1 << 63], [1 << 62] * 1_000_000):
        with pytest.raises(RequestError, match="input 'x' has shape"):
            Tensor.received("x", "UINT8", shape, b"x")


def test_values_one_by_one_at_and_over_the_limit() -> None:
    message = pb.ModelInferRequest()
    one = message.inputs.add(name="x", datatype="BOOL", shape=[MOST_VALUES])
    one.contents.bool_contents.extend([True] * MOST_VALUES)
    assert request_from_proto(message).inputs[0].count == MOST_VALUES
    one.contents.bool_contents.append(True)
    with pytest.raises(RequestError, match="send them raw"):
        request_from_proto(message)
    with pytest.raises(RequestError, match="send them raw"):
        request_from_rest(b"[" + b"0," * (MOST_VALUES + 1) + b"0]", None, "m", "")


@pytest.mark.parametrize(
    ("data", "parameters", "words"),
    [
        (["\ud800"], {}, "not text"),
        (["\xe9"], {"content_type": "base64"}, "not base64"),
        (["a" * 9], {"content_type": "base64"}, "not base64"),
        ([1], {}, "data are int; expected strings"),
    ],
)
def test_elements_that_are_no_text_are_refused(
    data: list[object], parameters: dict[str, str], words: str
) -> None:
    one = {"name": "x", "datatype": "BYTES", "shape": [1], "data": data, "parameters": parameters}
    with pytest.raises(RequestError, match=words):
        of_rest(inputs=[one])


def test_elements_may_lie_in_lists_as_deep_as_json_goes() -> None:
    deep: object = "a"
    for _ in range(300):
        deep = [deep]
    one = {"name": "x", "datatype": "BYTES", "shape": [1], "data": deep}
    assert of_rest(inputs=[one]).inputs[0].elements() == [b"a"]
