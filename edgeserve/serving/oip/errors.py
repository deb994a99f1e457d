"""Status codes of this protocol: those of Triton where they differ from our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from edgeserve.domain.errors import LimitReachedError, ModelNotReadyError
from edgeserve.serving.errors import status_of

if TYPE_CHECKING:
    from edgeserve.domain.errors import EdgeserveError


def oip_status_of(error: EdgeserveError) -> grpc.StatusCode:
    """The status code of a call that ends with this error."""
    if isinstance(error, LimitReachedError | ModelNotReadyError):
        return grpc.StatusCode.UNAVAILABLE
    return status_of(error)
