"""What an operator may say about engines."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class EngineOptions(BaseModel):
    """Options of the room `engines`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str = Field(
        default="cpu",
        description="Devices in order of wish, separated by commas: cpu, igpu, npu, cuda, "
        "tensorrt, or RUNTIME:DEVICE as in openvino:CPU.",
    )
    strict: bool = Field(
        default=False,
        description="Refuse to start when the first wish of `provider` cannot be met.",
    )
    precision: Literal["int8", "fp32"] = Field(
        default="int8",
        description="Which form of a model to run.",
    )
    hint: Literal["throughput", "latency"] = Field(
        default="throughput",
        description="Many frames at once on one core each, or one frame on all cores.",
    )
    threads: int = Field(
        default=0,
        ge=0,
        description="CPU cores to use; 0 takes what the process may use (affinity, cgroup quota).",
    )
