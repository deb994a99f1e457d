"""What a recipe file says."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path

_Section = TypeVar("_Section")


@dataclass(frozen=True)
class ModelRecipe:
    """The network."""

    family: str
    classes: list[str]
    activation: str
    widths: list[int]
    neck: str
    neck_widths: list[int]
    """Of the neck's maps, one for each stride."""
    head_width: int
    strides: list[int]
    reg_max: int


@dataclass(frozen=True)
class InputRecipe:
    """How a picture becomes the network's input. Sizes in pixels."""

    width: int
    height: int
    color_order: str
    scale: float
    fit: str
    pad: int


@dataclass(frozen=True)
class TrainRecipe:
    """How the network is trained. Points in time are shares (0..1) of the whole run."""

    batch: int
    learning_rate: float
    final_learning_rate: float
    weight_decay: float
    warm_up: float
    sizes: list[tuple[float, int]]
    mosaic: float
    mosaic_until: float
    clip_norm: float
    ema_decay: float
    epoch_images: int
    evaluate_every: int
    seed: int
    judged: str
    """The origin whose val AP picks the best weights."""
    origin_weights: dict[str, float]
    """Share of each origin among the tiles."""

    def size_at(self, progress: float) -> int:
        """Side of the training pictures in pixels at this share of the run."""
        return next(size for start, size in reversed(self.sizes) if progress >= start)

    def mosaic_at(self, progress: float) -> float:
        """Probability of a mosaic at this share of the run."""
        return self.mosaic if progress < self.mosaic_until else 0.0


@dataclass(frozen=True)
class Recipe:
    """A whole recipe file."""

    name: str
    model: ModelRecipe
    input: InputRecipe
    train: TrainRecipe


def load_recipe(path: Path) -> Recipe:
    """Read a recipe; its name is the file's stem.

    Raises:
        ValueError: a section or a key is missing or unknown.
    """
    with path.open("rb") as file:
        text = tomllib.load(file)
    return Recipe(
        name=path.stem,
        model=_section(ModelRecipe, text, "model", path),
        input=_section(InputRecipe, text, "input", path),
        train=_section(TrainRecipe, text, "train", path),
    )


def _section(kind: type[_Section], text: dict[str, Any], name: str, path: Path) -> _Section:
    found = text.get(name, {})
    wanted = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if set(found) != wanted:
        msg = f"{path}: [{name}] lacks or does not know {sorted(wanted ^ set(found))}"
        raise ValueError(msg)
    return kind(**found)
