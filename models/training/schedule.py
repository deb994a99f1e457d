"""How far the run is, and what the learning rate is there."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.recipe import TrainRecipe


@dataclass
class Budget:
    """What bounds a run: a wall-clock deadline, minutes of training, or epochs.

    A share of the run instead of a count of epochs drives all schedules, so that a run on a
    machine shared with others still ends on time with its learning rate at the floor.
    """

    deadline: float | None = None
    """Unix time."""
    minutes: float | None = None
    epochs: int | None = None
    started: float = 0.0
    """Unix time of the first start; a resumed run keeps it."""
    trained_s: float = 0.0
    """Time in steps; a suspended process does not count."""
    reached: float = 0.0

    def count(self, step_s: float, median_s: float) -> None:
        """Add a step's time; a step far beyond the median was suspended."""
        self.trained_s += min(step_s, 3 * median_s)

    def progress(self, images: int, epoch_images: int) -> float:
        """Share of the run that is done, 0..1; never falls."""
        shares = [self.reached]
        if self.deadline is not None:
            shares.append((time.time() - self.started) / max(1.0, self.deadline - self.started))
        if self.minutes is not None:
            shares.append(self.trained_s / (60 * self.minutes))
        if self.epochs is not None:
            shares.append(images / (self.epochs * epoch_images))
        self.reached = min(1.0, max(shares))
        return self.reached


def learning_rate(recipe: TrainRecipe, progress: float) -> float:
    """Linear warm-up, then half a cosine down to the floor."""
    if progress < recipe.warm_up:
        return recipe.learning_rate * max(0.01, progress / recipe.warm_up)
    along = (progress - recipe.warm_up) / (1 - recipe.warm_up)
    floor = recipe.final_learning_rate
    return recipe.learning_rate * (floor + (1 - floor) * (1 + math.cos(math.pi * along)) / 2)
