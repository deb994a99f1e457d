"""What an operator may say about the HTTP port."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class WebOptions(BaseModel):
    """Options of the room `web`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    http_listen: str = Field(
        default="127.0.0.1:8000",
        description="Address of the HTTP server (the page, /api, /metrics, /healthz, /readyz): "
        "HOST:PORT (port 0 takes a free one), unix:PATH, or empty for none.",
    )
    live_fps: float = Field(
        default=10.0,
        gt=0,
        le=60,
        description="Most pictures a second that a camera shows on the page.",
    )
    live_total_fps: float = Field(
        default=200.0,
        gt=0,
        le=10_000,
        description="Most pictures a second to all viewers together; they share it evenly.",
    )
    live_width: int = Field(
        default=960,
        ge=160,
        le=7680,
        description="Widest picture on the page, in pixels; wider ones are made smaller.",
    )
    live_viewers: int = Field(
        default=250,
        ge=0,
        description="Most live pictures and event streams open at once; 0 turns them off.",
    )
