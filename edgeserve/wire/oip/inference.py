"""Requests and responses, however they were sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeserve.wire.oip.tensor import Tensor

Parameter = bool | int | float | str


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """An output that the client wants."""

    name: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InferRequest:
    """One inference, of one frame or of several.

    Attributes:
        model_name: as the client wrote it.
        model_version: empty for any.
        id: given back with the response.
        parameters: of the request as a whole.
        inputs: in the order in which they were sent.
        outputs: empty for those that the model gives by default.
    """

    model_name: str
    model_version: str
    id: str
    parameters: Mapping[str, Parameter]
    inputs: tuple[Tensor, ...]
    outputs: tuple[RequestedOutput, ...]


@dataclass(frozen=True, slots=True)
class InferResponse:
    """What came of a request that succeeded."""

    model_name: str
    model_version: str
    id: str
    outputs: tuple[Tensor, ...]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
