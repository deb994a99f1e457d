"""What an operator may say about the gRPC server."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ServingOptions(BaseModel):
    """Options of the room `serving`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    listen: str = Field(
        default="127.0.0.1:8001",
        description="Address of the gRPC server: HOST:PORT (port 0 takes a free one) or unix:PATH.",
    )
    insecure: bool = Field(
        default=False,
        description="Allow an address other than loopback although nobody is asked who they are.",
    )
    drain_delay: float = Field(
        default=0.5,
        ge=0,
        description="Seconds between NOT_SERVING and the end of new streams on SIGTERM: what a "
        "load balancer needs to notice.",
    )
    drain_timeout: float = Field(
        default=20.0,
        ge=0,
        description="Seconds for the frames that were read to be answered on SIGTERM; what still "
        "waits then is answered as dropped (shutdown).",
    )
    write_timeout: float = Field(
        default=30.0,
        gt=0,
        description="Seconds that a client may leave a result unread before its stream is ended.",
    )
