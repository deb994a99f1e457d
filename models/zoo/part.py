"""What backbones, necks and heads agree on: the three kinds of part of a network."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Activation = Literal["silu", "mish", "leaky", "relu", "relu6", "linear"]


class Settings(BaseModel):
    """A table of a recipe; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PartSettings(Settings):
    """Of one part."""

    activation: Activation | None = None
    """Where it is not the network's."""


class Backbone(nn.Module):
    """Input (B, 3, H, W) float32, H and W multiples of the largest stride.

    Output: taps by name, Pn (B, tap_widths["Pn"], H / 2**n, W / 2**n) float32, from P2 on.
    """

    tap_widths: Mapping[str, int]


class Neck(nn.Module):
    """Input: a backbone's taps. Output: a map (B, widths[i], H / s, W / s) for each stride s."""

    widths: Sequence[int]
    bottom_up: bool
    """Whether a way from fine to coarse maps follows the one from coarse to fine."""


class Head(nn.Module):
    """Input: a neck's maps. Output: a tuple of float32 tensors, one for each output name."""

    output_names: Sequence[str]


class BackboneSettings(PartSettings):
    """Of a backbone; the recipe picks it by `family`."""

    @abstractmethod
    def build(self, act: str) -> Backbone:
        """Make the backbone with this activation."""


class NeckSettings(PartSettings):
    """Of a neck; the recipe picks it by `kind`."""

    @abstractmethod
    def build(self, tap_widths: Mapping[str, int], strides: Sequence[int], act: str) -> Neck:
        """Make the neck over a backbone's taps.

        Raises:
            ValueError: the backbone does not have what these strides need.
        """


class HeadSettings(PartSettings):
    """Of a head; the recipe picks it by `kind`."""

    @abstractmethod
    def build(self, widths: Sequence[int], strides: Sequence[int], classes: int, act: str) -> Head:
        """Make the head over a neck's maps of these widths.

        Raises:
            ValueError: the settings are for another number of strides.
        """

    @abstractmethod
    def facts(self) -> dict[str, str]:
        """What decoding its output takes, for the metadata of an exported file."""
