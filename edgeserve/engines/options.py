"""What an operator may say about engines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


def default_cache_dir() -> Path:
    """Systemd's cache directory of the unit, else `edgeserve` in the user's (XDG)."""
    # systemd gives several, separated by colons, where a unit declares several.
    unit = os.environ.get("CACHE_DIRECTORY", "").split(":")[0]
    if unit:
        return Path(unit)
    base = os.environ.get("XDG_CACHE_HOME")
    if not base:
        try:
            base = str(Path.home() / ".cache")
        except RuntimeError:  # a container's user without a home
            base = "/var/cache"
    return Path(base) / "edgeserve"


class EngineOptions(BaseModel):
    """Options of the room `engines`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str = Field(
        default="cpu",
        description="Devices in order of wish, separated by commas: cpu, igpu, npu, cuda, "
        "tensorrt, or RUNTIME:DEVICE as in openvino:CPU (see `edgeserve devices`).",
    )
    strict: bool = Field(
        default=False,
        description="Refuse to start when the first wish of `provider` cannot be met, in whole.",
    )
    precision: Literal["auto", "int8", "fp16", "bf16", "fp32"] = Field(
        default="auto",
        description="Which form of a model to run; auto takes the device's best: int8 on CPU, "
        "iGPU and NPU, fp16 or else fp32 on CUDA and TensorRT. bf16 computes the fp32 form in "
        "bfloat16, and fp16 may compute it in half floats, where OpenVINO's device has them.",
    )
    hint: Literal["auto", "throughput", "latency"] = Field(
        default="auto",
        description="throughput: many frames at once, each on one core; latency: one frame on all "
        "cores; auto: a CPU switches between them by load, another device is set for throughput.",
    )
    threads: int = Field(
        default=0,
        ge=0,
        description="CPU cores to use; 0 takes what the process may use (affinity, cgroup quota).",
    )
    streams: int = Field(
        default=0,
        ge=0,
        description="For throughput on a CPU: how many inferences share its cores, each with an "
        "equal part of them; 0 leaves it to the runtime.",
    )
    tuned: bool = Field(
        default=True,
        description="Where provider, precision, hint, threads, streams and workers are left open, "
        "take what `edgeserve tune` found best for the model on this machine.",
    )
    cache_dir: Path = Field(
        default_factory=default_cache_dir,
        description="Folder for compiled models, which load faster the next time, for which models "
        "were compared with FP32 and passed, for what `edgeserve tune` chose, and for bundles that "
        "were fetched.",
    )
    max_cache_mb: int = Field(
        default=512,
        ge=0,
        description="Size of the compiled models at which the oldest are deleted; 0 keeps none.",
    )

    def hint_on(self, device: str) -> Literal["throughput", "latency"]:
        """The hint for an engine's first compilation on CPU, GPU and so on."""
        if self.hint == "auto":
            return "latency" if device == "CPU" else "throughput"
        return self.hint
