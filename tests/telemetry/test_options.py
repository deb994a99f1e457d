"""What an operator may say about traces."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from edgeserve.telemetry.options import TelemetryOptions
from edgeserve.telemetry.traces import create_traces


@pytest.mark.parametrize("endpoint", ["127.0.0.1:4317", "grpc://host:4317", "http://", "http:///x"])
def test_an_endpoint_that_is_no_address_is_refused(endpoint: str) -> None:
    with pytest.raises(ValidationError, match="http://HOST:PORT"):
        TelemetryOptions(otlp_endpoint=endpoint)


@pytest.mark.parametrize("ratio", [-0.1, 1.1, float("nan")])
def test_a_ratio_is_a_share(ratio: float) -> None:
    with pytest.raises(ValidationError):
        TelemetryOptions(trace_ratio=ratio)


def test_without_an_endpoint_nothing_is_traced() -> None:
    assert create_traces(TelemetryOptions()) is None
