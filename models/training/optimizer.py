"""The optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import nn

    from models.recipe import TrainRecipe


def make_optimizer(network: nn.Module, recipe: TrainRecipe) -> torch.optim.AdamW:
    """AdamW that decays the convolutions' weights alone: not biases, not batch norms."""
    kernels = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim <= 1]
    groups = [
        {"params": kernels, "weight_decay": recipe.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)
