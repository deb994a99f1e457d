"""What an operator may say about the frame path."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class PipelineOptions(BaseModel):
    """Options of the room `pipeline`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workers: int = Field(
        default=0,
        ge=0,
        description="Frames in work at once on a CPU where each runs on one core; 0 means two "
        "more than there are cores. Another device gets as many threads that prepare its frames.",
    )
    lane: Literal["auto", "fused", "staged"] = Field(
        default="auto",
        description="How frames go through a device: fused, a thread does a whole frame; staged, "
        "threads prepare frames and the device takes them in batches. auto: fused on a CPU, "
        "staged elsewhere.",
    )
    max_batch: int = Field(
        default=8,
        ge=1,
        le=256,
        description="Most frames that go to a staged device together, where the model takes more "
        "than one.",
    )
    batch_wait_ms: float = Field(
        default=2.0,
        ge=0,
        description="Longest time that a frame waits for others to share its batch.",
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
    max_waiting_bytes: int = Field(
        default=256 << 20,
        ge=1 << 20,
        description="Bytes of frames that may wait for a device, over all streams. Beyond it "
        "LATEST and QUEUE drop, BLOCK streams are read one frame at a time.",
    )
    max_priority: Literal["low", "normal", "high"] = Field(
        default="normal",
        description="Highest priority that a client may ask for.",
    )
    reduced_decode: bool = Field(
        default=True,
        description="Decode a JPEG at half, a quarter or an eighth of its size where the model's "
        "input is no larger than that.",
    )
