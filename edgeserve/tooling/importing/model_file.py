"""A model file before anybody knows what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from edgeserve.domain.model import TensorSpec

Size = tuple[int, int]
"""Width and height in pixels."""
_RANK = 4
_CHANNELS = 3
_DTYPES = ("float32", "float16", "uint8")


@dataclass(frozen=True, slots=True)
class Written:
    """A model file that was written into a folder.

    Attributes:
        path: of the file.
        companions: files that belong to it.
        fused: whether its input is uint8 NHWC and the graph normalises.
        refused: why it is not fused although that was asked for.
    """

    path: Path
    companions: tuple[Path, ...] = ()
    fused: bool = False
    refused: str = ""


class ModelSource(Protocol):
    """A file that was read, by the library of its format."""

    @property
    def input(self) -> TensorSpec:
        """The one input; -1 where the file leaves a size open."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the file says of itself."""

    @property
    def precision(self) -> str:
        """Of most weights: "int8", "fp16" or "fp32"."""

    @property
    def runtimes(self) -> tuple[str, ...]:
        """Names of the runtimes that read the format."""

    def write(self, target: Path, size: Size) -> Written:
        """Write the file as it is, open sizes settled. `target` has no suffix."""

    def write_fused(
        self,
        target: Path,
        size: Size,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> Written:
        """Write it with a uint8 NHWC input and the normalisation in the graph."""


def picture_layout(tensor: TensorSpec) -> str:
    """Tell the order of the axes: NCHW or NHWC.

    Raises:
        ConfigurationError: the input is no picture that the server could fill.
    """
    shape = tensor.shape
    if len(shape) == _RANK and shape[0] in {1, -1} and tensor.dtype in _DTYPES:
        if shape[1] == _CHANNELS:
            return "NCHW"
        if shape[3] == _CHANNELS:
            return "NHWC"
        if shape[1] == -1 and shape[3] == -1:
            return "NCHW"
    text = (
        f"input {tensor.name!r} is {tensor.dtype} {list(shape)}; expected one picture, "
        "[1, 3, height, width] or [1, height, width, 3], of float32, float16 or uint8"
    )
    raise ConfigurationError(text)


def settled_shape(tensor: TensorSpec, size: Size) -> tuple[int, int, int, int]:
    """The input's shape with batch 1 and this size.

    Raises:
        ConfigurationError: the file has another, fixed size.
    """
    width, height = size
    if picture_layout(tensor) == "NCHW":
        wanted = (1, _CHANNELS, height, width)
    else:
        wanted = (1, height, width, _CHANNELS)
    if any(have not in {-1, want} for have, want in zip(tensor.shape, wanted, strict=True)):
        text = (
            f"input {tensor.name!r} is {list(tensor.shape)}, which does not take {width}x{height}; "
            "leave --size out, or export the model with open sizes"
        )
        raise ConfigurationError(text)
    return wanted


def fixed_size(tensor: TensorSpec) -> Size | None:
    """Width and height where the file fixes both."""
    height, width = tensor.shape[2:] if picture_layout(tensor) == "NCHW" else tensor.shape[1:3]
    return (width, height) if min(width, height) > 0 else None
