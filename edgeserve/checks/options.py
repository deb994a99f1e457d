"""What an operator may say about checks."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class CheckOptions(BaseModel):
    """Options of the room `checks`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verify: Literal["quick", "off"] = Field(
        default="quick",
        description="Whether a model's first load on a device is compared with what its FP32 form "
        "found in the bundle's golden frames. A model that fails is named in the log and in "
        "ListModels; with `strict` it is not served.",
    )
