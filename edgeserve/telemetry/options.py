"""What an operator may say about logs and traces."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator


class TelemetryOptions(BaseModel):
    """Options of the room `telemetry`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="Least weight of a log line.",
        json_schema_extra={"reloaded": True},
    )
    log_format: Literal["human", "json"] = Field(
        default="human",
        description="How a log line is written: for people, or one JSON object a line.",
    )
    log_repeats: int = Field(
        default=5,
        ge=0,
        description="Log lines of one kind that are written in 10 s, the rest is counted; 0: all.",
    )
    otlp_endpoint: str = Field(
        default="",
        description=(
            "Where traces go by OTLP over gRPC, as in http://127.0.0.1:4317 (https: with TLS); "
            "empty: nowhere. Needs edgeserve[otel]."
        ),
    )
    trace_ratio: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description=(
            "Share of frames that are traced; a client's trace context decides for its own frames."
        ),
    )

    @field_validator("otlp_endpoint")
    @classmethod
    def _is_address(cls, endpoint: str) -> str:
        if endpoint:
            parts = urlsplit(endpoint)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                text = f"{endpoint!r} is no address; expected http://HOST:PORT or https://HOST:PORT"
                raise ValueError(text)
        return endpoint
