"""Requests as a client builds them, and answers as it reads them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeserve.wire._generated import inference_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DTYPES = {"FP32": "<f4", "INT64": "<i8", "INT32": "<i4"}


def encoded(
    pictures: Sequence[bytes], outputs: Sequence[str] = (), **wishes: float | str
) -> pb.ModelInferRequest:
    """A request of encoded pictures."""
    raw = b"".join(struct.pack("<I", len(one)) + one for one in pictures)
    return of_tensor("encoded_images", "BYTES", [len(pictures)], raw, outputs, **wishes)


def of_tensor(
    name: str,
    datatype: str,
    shape: Sequence[int],
    raw: bytes,
    outputs: Sequence[str] = (),
    **wishes: float | str,
) -> pb.ModelInferRequest:
    """A request of one tensor."""
    message = pb.ModelInferRequest(model_name="fake", raw_input_contents=[raw])
    message.inputs.add(name=name, datatype=datatype, shape=shape)
    for output in outputs:
        message.outputs.add(name=output)
    for key, value in wishes.items():
        kind = {bool: "bool_param", int: "int64_param", float: "double_param", str: "string_param"}
        setattr(message.parameters[key], kind[type(value)], value)
    return message


def arrays(response: pb.ModelInferResponse) -> dict[str, NDArray[Any]]:
    """The outputs that are numbers, by name."""
    return {
        output.name: np.frombuffer(raw, DTYPES[output.datatype]).reshape(tuple(output.shape))
        for output, raw in zip(response.outputs, response.raw_output_contents, strict=True)
        if output.datatype in DTYPES
    }
