"""A slow copy of the weights."""

from __future__ import annotations

import copy
import math

import torch
from torch import nn

_RAMP_STEPS = 1000.0


class Ema:
    """Exponential moving average of all parameters and float buffers.

    The decay grows from 0 to its full value, or the copy would remember the random start.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        """Copy the network as it is now."""
        self.network = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move towards the network."""
        self.steps += 1
        share = 1 - self.decay * (1 - math.exp(-self.steps / _RAMP_STEPS))
        theirs = network.state_dict()
        for name, mine in self.network.state_dict().items():
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs[name], share)
            else:
                mine.copy_(theirs[name])
