"""What an operator may say about the HTTP port."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class WebOptions(BaseModel):
    """Options of the room `web`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    http_listen: str = Field(
        default="127.0.0.1:8000",
        description="Address of the HTTP server (/metrics, /healthz, /readyz): HOST:PORT "
        "(port 0 takes a free one), unix:PATH, or empty for none.",
    )
