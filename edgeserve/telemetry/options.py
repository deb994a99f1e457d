"""What an operator may say about logs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TelemetryOptions(BaseModel):
    """Options of the room `telemetry`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="Least weight of a log line.",
    )
