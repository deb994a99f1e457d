"""What an operator may say about the frame path."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PipelineOptions(BaseModel):
    """Options of the room `pipeline`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workers: int = Field(
        default=0,
        ge=0,
        description="Frames in work at once on a CPU; 0 means one more than there are cores.",
    )
    inference_timeout: float = Field(
        default=30.0,
        ge=0,
        description="Seconds after which an inference counts as hung: it is cancelled and its "
        "model is out of service until it ends; 0 waits for ever.",
    )
    inference_grace: float = Field(
        default=10.0,
        ge=0,
        description="Seconds for a cancelled inference to end; then the server stops with exit "
        "code 4, for the service manager to start it anew.",
    )
    queue_size: int = Field(
        default=8,
        ge=1,
        le=1024,
        description="Frames that a BLOCK or QUEUE stream may have waiting, unless it says so.",
    )
    max_queue_size: int = Field(
        default=1024,
        ge=1,
        description="Largest queue that a client may ask for: each frame in it is held in memory.",
    )
    max_unsent_results: int = Field(
        default=256,
        ge=1,
        description="Results of one stream that may wait for a slow reader; at that many the "
        "server stops reading from it.",
    )
