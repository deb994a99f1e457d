"""Requests and responses as HTTP bodies: JSON, and tensors as they are behind it.

With the binary extension a body begins with JSON, whose length a header of the message tells, and
goes on with the raw contents of those tensors that say how many bytes they have.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeserve.domain.errors import RequestError
from edgeserve.wire.oip.bounds import check_parts, check_values
from edgeserve.wire.oip.datatype import BYTES, dtype_of
from edgeserve.wire.oip.inference import InferRequest, InferResponse, Parameter, RequestedOutput
from edgeserve.wire.oip.tensor import Tensor, pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

JSON_LENGTH = "Inference-Header-Content-Length"
"""The header that says how many bytes of a body are JSON."""
_BINARY_SIZE = "binary_data_size"


def request_from_rest(
    body: bytes, json_length: int | None, model_name: str, model_version: str
) -> InferRequest:
    """Read a request.

    Args:
        body: of the HTTP request.
        json_length: how many of its bytes are JSON; None: all.
        model_name: from the path.
        model_version: from the path; empty for any.

    Raises:
        RequestError: it is not such a request, or its parts do not fit together.
    """
    length = len(body) if json_length is None else json_length
    if not 0 <= length <= len(body):
        text = f"{JSON_LENGTH} is {length}; expected 0 to the {len(body)} bytes of the body"
        raise RequestError(text)
    # Between values stand commas: counting them costs nothing beside reading the values.
    check_values(body.count(b",", 0, length))
    try:
        message = json.loads(body[:length])
    except (ValueError, RecursionError) as error:
        text = f"the request is not JSON: {error}"
        raise RequestError(text) from error
    message = _object(message, "the request")
    binary = _Binary(memoryview(body)[length:])
    inputs = tuple(_input(one, binary) for one in _objects(message, "inputs"))
    binary.check_end()
    return InferRequest(
        model_name=model_name,
        model_version=model_version,
        id=_text(message.get("id", ""), "id"),
        parameters=_parameters(message),
        inputs=inputs,
        outputs=tuple(
            RequestedOutput(_text(one.get("name"), "the name of an output"), _parameters(one))
            for one in _objects(message, "outputs")
        ),
    )


def response_to_rest(response: InferResponse, request: InferRequest) -> tuple[bytes, int | None]:
    """Write a response as its request asks for it.

    Returns:
        The body, and how many of its bytes are JSON; None: all.
    """
    default = bool(request.parameters.get("binary_data_output", False))
    wanted = {one.name: one.parameters.get("binary_data", default) for one in request.outputs}
    outputs: list[dict[str, Any]] = []
    behind: list[bytes | memoryview] = []
    for tensor in response.outputs:
        entry: dict[str, Any] = {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": tensor.shape,
        }
        if wanted.get(tensor.name, default):
            entry["parameters"] = {_BINARY_SIZE: len(tensor.raw)}
            behind.append(tensor.raw)
        elif tensor.datatype == BYTES:
            entry["data"] = [one.decode("utf-8", "replace") for one in tensor.elements()]
        else:
            entry["data"] = tensor.array().ravel().tolist()
        outputs.append(entry)
    message: dict[str, Any] = {
        "model_name": response.model_name,
        "model_version": response.model_version,
        "outputs": outputs,
    }
    if response.id:
        message["id"] = response.id
    if response.parameters:
        message["parameters"] = dict(response.parameters)
    text = json.dumps(message).encode()
    return b"".join((text, *behind)), len(text) if behind else None


class _Binary:
    """What lies behind the JSON, taken piece by piece."""

    def __init__(self, data: memoryview) -> None:
        self._data = data

    def take(self, size_bytes: object, name: str) -> memoryview:
        if type(size_bytes) is not int or not 0 <= size_bytes <= len(self._data):
            text = (
                f"input {name!r}: {_BINARY_SIZE} is {size_bytes!r}; "
                f"{len(self._data)} bytes are left in the body"
            )
            raise RequestError(text)
        taken, self._data = self._data[:size_bytes], self._data[size_bytes:]
        return taken

    def check_end(self) -> None:
        if self._data:
            text = f"{len(self._data)} bytes of the body belong to no input"
            raise RequestError(text)


def _input(message: Mapping[str, Any], binary: _Binary) -> Tensor:
    name = _text(message.get("name"), "the name of an input")
    datatype = _text(message.get("datatype"), f"the datatype of input {name!r}")
    shape = message.get("shape")
    if not isinstance(shape, list) or any(type(size) is not int for size in shape):
        text = f"input {name!r}: shape is {shape!r}; expected a list of whole numbers"
        raise RequestError(text)
    parameters = _parameters(message)
    if _BINARY_SIZE in parameters:
        raw: bytes | memoryview = binary.take(parameters[_BINARY_SIZE], name)
    elif datatype == BYTES:
        raw = pack(_strings(message.get("data"), name, parameters.get("content_type")))
    else:
        raw = _numbers(message.get("data"), name, datatype)
    return Tensor.received(name, datatype, shape, raw)


def _numbers(data: object, name: str, datatype: str) -> bytes:
    dtype = dtype_of(datatype)
    try:
        with np.errstate(over="ignore"):  # beyond the type's reach is infinite
            return np.asarray(data, dtype).tobytes()
    except (ValueError, TypeError, OverflowError) as error:
        text = f"input {name!r}: data are not numbers of {datatype}: {error}"
        raise RequestError(text) from error


def _strings(data: object, name: str, content_type: Parameter | None) -> Iterator[bytes]:
    """The elements of BYTES: text, or base64 where `content_type` says so."""
    for count, one in enumerate(_flat(data), 1):
        check_parts("elements in an input", count)
        if not isinstance(one, str):
            text = f"input {name!r}: data are {type(one).__name__}; expected strings"
            raise RequestError(text)
        try:
            yield base64.b64decode(one, validate=True) if content_type == "base64" else one.encode()
        except ValueError as error:  # half of a surrogate pair is no text
            what = "base64" if content_type == "base64" else "text"
            text = f"input {name!r}: data are not {what}: {error}"
            raise RequestError(text) from error


def _flat(data: object) -> Iterator[object]:
    """What is in lists of lists, in its order; they may be nested deeper than calls may."""
    pending = [data]
    while pending:
        one = pending.pop()
        if isinstance(one, list):
            pending += reversed(one)
        else:
            yield one


def _objects(message: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    found = message.get(key, [])
    if not isinstance(found, list):
        text = f"{key} is {type(found).__name__}; expected a list"
        raise RequestError(text)
    check_parts(key, len(found))
    return [_object(one, f"an element of {key}") for one in found]


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        text = f"{what} is {type(value).__name__}; expected a JSON object"
        raise RequestError(text)
    return value


def _parameters(message: Mapping[str, Any]) -> dict[str, Parameter]:
    found = _object(message.get("parameters", {}), "parameters")
    check_parts("parameters", len(found))
    kinds = (bool, int, float, str)
    return {name: value for name, value in found.items() if isinstance(value, kinds)}


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        text = f"{what} is {value!r}; expected text"
        raise RequestError(text)
    return value
