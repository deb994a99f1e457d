"""What a recipe file says."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from models.zoo.backbones import AnyBackbone
from models.zoo.heads import AnyHead
from models.zoo.heads.decoupled import DflSettings
from models.zoo.necks import AnyNeck
from models.zoo.part import Activation, Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path

_Section = TypeVar("_Section", bound=Settings)


class ModelRecipe(Settings):
    """The network: [model], with a table for each of its parts."""

    classes: list[str] = Field(min_length=1)
    activation: Activation
    """Of every part that does not name its own."""
    strides: list[int] = Field(min_length=2, max_length=4)
    """Of the levels, finest first."""
    norm_eps: float = Field(default=1e-3, gt=0)
    """What batch norms add to the variance."""
    backbone: AnyBackbone
    neck: AnyNeck
    head: AnyHead

    @property
    def reg_max(self) -> int:
        """Bins a side of a `dfl` head.

        Raises:
            ValueError: the head is of another kind.
        """
        if isinstance(self.head, DflSettings):
            return self.head.reg_max
        msg = f"the head {self.head.kind!r} has no bins: expected a network with a dfl head"
        raise ValueError(msg)


class InputRecipe(Settings):
    """How a picture becomes the network's input: [input]. Sizes in pixels."""

    width: int = Field(ge=32)
    height: int = Field(ge=32)
    color_order: Literal["BGR", "RGB"]
    scale: float = Field(gt=0)
    fit: Literal["center", "top-left", "stretch"]
    pad: int = Field(ge=0, le=255)


class TrainRecipe(Settings):
    """How the network is trained: [train]. Points in time are shares (0..1) of the whole run."""

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
    taught_by: str = ""
    """The detector whose findings count as labels, too (`train --taught`), and its licence."""

    def size_at(self, progress: float) -> int:
        """Side of the training pictures in pixels at this share of the run."""
        return next(size for start, size in reversed(self.sizes) if progress >= start)

    def mosaic_at(self, progress: float) -> float:
        """Probability of a mosaic at this share of the run."""
        return self.mosaic if progress < self.mosaic_until else 0.0


@dataclass(frozen=True)
class NetworkRecipe:
    """What a recipe says of a network, trained or not."""

    name: str
    model: ModelRecipe
    input: InputRecipe


@dataclass(frozen=True)
class Recipe(NetworkRecipe):
    """A whole recipe file."""

    train: TrainRecipe


def load_network(path: Path) -> NetworkRecipe:
    """Read what a recipe says of its network; its name is the file's stem.

    Raises:
        ValueError: a section or a key is missing, unknown or wrong.
    """
    text = _read(path)
    model = _section(ModelRecipe, text, "model", path)
    size = _section(InputRecipe, text, "input", path)
    _check_sides([size.width, size.height], model, path)
    return NetworkRecipe(path.stem, model, size)


def load_recipe(path: Path) -> Recipe:
    """Read a recipe that says how to train, too.

    Raises:
        ValueError: a section or a key is missing, unknown or wrong.
    """
    network, text = load_network(path), _read(path)
    if "train" not in text:
        msg = f"{path} has no [train]: it says what a network is, not how to train it"
        raise ValueError(msg)
    train = _section(TrainRecipe, text, "train", path)
    _check_sides([side for _, side in train.sizes], network.model, path)
    return Recipe(network.name, network.model, network.input, train)


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        text = tomllib.load(file)
    if unknown := sorted(set(text) - {"model", "input", "train"}):
        msg = f"{path}: {unknown} is not a section of a recipe: expected model, input, train"
        raise ValueError(msg)
    return text


def _check_sides(sides_px: list[int], model: ModelRecipe, path: Path) -> None:
    coarsest = max(model.strides)
    if wrong := [side for side in sides_px if side % coarsest]:
        msg = f"{path}: sides of {wrong} px: expected multiples of the coarsest stride, {coarsest}"
        raise ValueError(msg)


def _section(kind: type[_Section], text: dict[str, Any], name: str, path: Path) -> _Section:
    try:
        return kind.model_validate(text.get(name, {}))
    except ValidationError as error:
        places = [
            f"[{name}] {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
        ]
        msg = f"{path}: {'; '.join(places)}"
        raise ValueError(msg) from None
