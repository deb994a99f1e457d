"""Requests and responses as protobuf."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import RequestError
from edgeserve.wire._generated import inference_pb2 as pb
from edgeserve.wire.oip.bounds import check_parts, check_values
from edgeserve.wire.oip.datatype import BYTES, dtype_of
from edgeserve.wire.oip.inference import InferRequest, InferResponse, Parameter, RequestedOutput
from edgeserve.wire.oip.tensor import Tensor, pack

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
}


def request_from_proto(message: pb.ModelInferRequest) -> InferRequest:
    """Read a request.

    Raises:
        RequestError: inputs and their contents do not fit together.
    """
    check_parts("inputs", len(message.inputs))
    check_parts("outputs", len(message.outputs))
    check_parts("raw_input_contents", len(message.raw_input_contents))
    return InferRequest(
        model_name=message.model_name,
        model_version=message.model_version,
        id=message.id,
        parameters=_parameters(message.parameters),
        inputs=_inputs(message),
        outputs=tuple(
            RequestedOutput(output.name, _parameters(output.parameters))
            for output in message.outputs
        ),
    )


def response_to_proto(response: InferResponse) -> pb.ModelInferResponse:
    """Write a response; contents are always raw, which is all that some clients read."""
    return pb.ModelInferResponse(
        model_name=response.model_name,
        model_version=response.model_version,
        id=response.id,
        parameters={
            name: _parameter_to_proto(value) for name, value in response.parameters.items()
        },
        outputs=[
            pb.ModelInferResponse.InferOutputTensor(
                name=output.name, datatype=output.datatype, shape=output.shape
            )
            for output in response.outputs
        ],
        raw_output_contents=[bytes(output.raw) for output in response.outputs],
    )


def _inputs(message: pb.ModelInferRequest) -> tuple[Tensor, ...]:
    raw = message.raw_input_contents
    if not raw:
        return tuple(_typed(one) for one in message.inputs)
    if len(raw) != len(message.inputs):
        text = (
            f"the request has {len(message.inputs)} inputs and {len(raw)} raw_input_contents; "
            "expected one for each"
        )
        raise RequestError(text)
    typed = [one.name for one in message.inputs if one.HasField("contents")]
    if typed:
        text = f"input {typed[0]!r} has contents beside raw_input_contents; expected one of them"
        raise RequestError(text)
    return tuple(
        Tensor.received(one.name, one.datatype, one.shape, data)
        for one, data in zip(message.inputs, raw, strict=True)
    )


def _typed(tensor: pb.ModelInferRequest.InferInputTensor) -> Tensor:
    """An input whose elements are in the field of their type."""
    name, datatype = tensor.name, tensor.datatype
    if datatype == BYTES:
        elements = tensor.contents.bytes_contents
        check_parts("elements in an input", len(elements))
        raw = pack(elements)
    elif datatype in _CONTENTS:
        values = getattr(tensor.contents, _CONTENTS[datatype])
        check_values(len(values))
        try:
            raw = np.fromiter(values, dtype_of(datatype), len(values)).tobytes()
        except OverflowError as error:
            text = f"input {name!r} has an element that is not of {datatype}: {error}"
            raise RequestError(text) from error
    else:
        dtype_of(datatype)
        text = f"input {name!r}: {datatype} is taken in raw_input_contents only"
        raise RequestError(text)
    return Tensor.received(name, datatype, tensor.shape, raw)


def _parameters(message: Mapping[str, pb.InferParameter]) -> dict[str, Parameter]:
    check_parts("parameters", len(message))
    found: dict[str, Parameter] = {}
    for name, value in message.items():
        kind = value.WhichOneof("parameter_choice")
        if kind is not None:
            found[name] = getattr(value, kind)
    return found


def _parameter_to_proto(value: Parameter) -> pb.InferParameter:
    if isinstance(value, bool):
        return pb.InferParameter(bool_param=value)
    if isinstance(value, int):
        return pb.InferParameter(int64_param=value)
    if isinstance(value, float):
        return pb.InferParameter(double_param=value)
    return pb.InferParameter(string_param=value)
