"""From the results of a request's frames to its outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgeserve.domain.errors import (
    EdgeserveError,
    EngineError,
    InvalidImageError,
    LimitReachedError,
    ModelNotReadyError,
    RequestError,
    ShuttingDownError,
    TooManyBytesError,
    TooManyPixelsError,
)
from edgeserve.domain.result import DropReason, ErrorCode
from edgeserve.oip.tensors import BOXES, CLASS_IDS, COUNT, DECODED, LABELS, RAW, SCORES
from edgeserve.wire.oip.inference import InferResponse
from edgeserve.wire.oip.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgeserve.domain.result import FrameResult
    from edgeserve.oip.tensors import ModelTensors
    from edgeserve.wire.oip.inference import InferRequest

# Of an engine that failed or a server's own fault: EngineError.
_ERRORS: dict[ErrorCode, type[EdgeserveError]] = {
    ErrorCode.INVALID_IMAGE: InvalidImageError,
    ErrorCode.TOO_MANY_PIXELS: TooManyPixelsError,
    ErrorCode.TOO_MANY_BYTES: TooManyBytesError,
    ErrorCode.RATE_LIMITED: LimitReachedError,
    ErrorCode.MODEL_UNAVAILABLE: ModelNotReadyError,
}
_FIELDS: dict[str, tuple[str, type[np.generic], int]] = {
    BOXES: ("boxes_xyxy", np.float32, 0),
    SCORES: ("scores", np.float32, 0),
    CLASS_IDS: ("class_ids", np.int64, -1),
}
"""Outputs that are a field of `Detections`, and what the rest of a row is filled with."""
_DROPS: dict[DropReason, EdgeserveError] = {
    DropReason.REPLACED: LimitReachedError("dropped: a newer request took its place"),
    DropReason.EXPIRED: LimitReachedError("dropped: its turn came after its time"),
    DropReason.QUEUE_FULL: LimitReachedError(
        "dropped: newer requests, or no memory for waiting frames (setting max_waiting_bytes)"
    ),
    DropReason.SHUTDOWN: ShuttingDownError("dropped: the server is shutting down"),
}


def wanted_outputs(request: InferRequest, tensors: ModelTensors) -> tuple[str, ...]:
    """The names of the outputs to answer with, in the order of the request.

    Raises:
        RequestError: the model has no such output, or it is asked for in a way that is not known.
    """
    if not request.outputs:
        return tuple(one.name for one in DECODED)
    known = [one.name for one in tensors.outputs]
    for output in request.outputs:
        if output.name not in known:
            text = (
                f"model {request.model_name!r} has no output {output.name!r}; "
                f"it has {', '.join(known)}"
            )
            raise RequestError(text)
        for parameter in ("classification", "shared_memory_region"):
            if parameter in output.parameters:
                text = f"output {output.name!r}: this server has no extension for {parameter}"
                raise RequestError(text)
    return tuple(output.name for output in request.outputs)


def wants_raw(wanted: Sequence[str]) -> bool:
    """Whether any output is the model's own."""
    return any(name.startswith(RAW) for name in wanted)


def answer(
    request: InferRequest, wanted: Sequence[str], results: Sequence[FrameResult]
) -> InferResponse:
    """The outputs of a request.

    Args:
        request: as it came.
        wanted: names of outputs.
        results: of its frames, in their order; at least one.

    Raises:
        EdgeserveError: a frame has none; the request fails with the first of them.
    """
    for index, result in enumerate(results):
        _check(result, index, len(results))
    final = bool(request.parameters.get("triton_enable_empty_final_response"))
    return InferResponse(
        model_name=results[0].model,
        model_version=results[0].version,
        id=request.id,
        outputs=tuple(_output(name, results) for name in wanted),
        # Each request has one response, which is its last.
        parameters={"triton_final_response": True} if final else {},
    )


def _check(result: FrameResult, index: int, frames: int) -> None:
    place = f"frame {index} of {frames}: " if frames > 1 else ""
    if result.error_code is not None:
        text = f"{place}{result.message}"
        raise _ERRORS.get(result.error_code, EngineError)(text)
    if result.drop_reason is not None:
        error = _DROPS[result.drop_reason]
        text = f"{place}{error}"
        raise type(error)(text)


def _output(name: str, results: Sequence[FrameResult]) -> Tensor:
    if name.startswith(RAW):
        return _raw(name, results)
    counts = [len(one.detections) for one in results]
    if name == COUNT:
        return Tensor.of_array(name, np.array(counts, dtype=np.int32))
    shape = (len(results), max(counts))
    if name == LABELS:
        texts = (list(one.labels) + [""] * (shape[1] - len(one.labels)) for one in results)
        return Tensor.of_elements(name, shape, (text.encode() for row in texts for text in row))
    field, dtype, fill = _FIELDS[name]
    rows = [getattr(one.detections, field) for one in results]
    if len(rows) == 1:
        return Tensor.of_array(name, rows[0][np.newaxis].astype(dtype, copy=False))
    values: NDArray[Any] = np.full((*shape, *rows[0].shape[1:]), fill, dtype)
    for place, row in zip(values, rows, strict=True):
        place[: len(row)] = row
    return Tensor.of_array(name, values)


def _raw(name: str, results: Sequence[FrameResult]) -> Tensor:
    """An output of the model itself, which may be of another type than it is annotated with."""
    own = name.removeprefix(RAW)
    if any(own not in one.raw_outputs for one in results):
        text = f"output {name!r} is gone: another version took the model's place meanwhile"
        raise ModelNotReadyError(text)
    values = [one.raw_outputs[own] for one in results]
    if len({one.shape for one in values}) > 1:
        text = f"output {name!r} has another size for each frame; expected one frame a request"
        raise RequestError(text)
    return Tensor.of_array(name, np.concatenate(values).astype(np.float32, copy=False))
