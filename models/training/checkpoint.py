"""The state of a run on disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a state so that a kill at any moment leaves the old file or the new one."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load(path: Path) -> dict[str, Any]:
    """Read a state."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def weights(path: Path) -> dict[str, Tensor]:
    """Return the averaged weights of a saved run."""
    averaged: dict[str, Tensor] = load(path)["ema"]
    return averaged
