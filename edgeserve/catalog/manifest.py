"""`model.toml`: what a bundle says of itself. Unknown keys are errors."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from edgeserve.domain.credentials import without_credentials
from edgeserve.domain.errors import ConfigurationError
from edgeserve.domain.frame import ColorOrder
from edgeserve.domain.model import Fit

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path

_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
# A file beside the manifest: no folder, nothing hidden.
_FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$")]
_Mean = Annotated[float, Field(ge=-1e6, le=1e6)]
_Divisor = Annotated[float, Field(gt=0, le=1e6)]
_Size = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]

_MOST_BYTES = 1 << 20
"""Of a manifest."""
_LARGEST_SIDE_PX = 8192
_MOST_LABELS = 10_000
_MOST_CELLS = 1 << 22
"""Of all strides together: what a head keeps for each cell is allocated before the model's file
has shown that it has them."""

# A key, known or not, whose value must not be repeated.
_SECRET = re.compile(r"(?i)pass|pwd|secret|token")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Normalisation(_Table):
    """How 0..255 becomes what the network computes with: (x - mean) / std."""

    place: Literal["graph", "server"]
    mean: tuple[_Mean, _Mean, _Mean]
    std: tuple[_Divisor, _Divisor, _Divisor]


class Input(_Table):
    """The input picture."""

    width_px: int = Field(ge=1, le=_LARGEST_SIDE_PX)
    height_px: int = Field(ge=1, le=_LARGEST_SIDE_PX)
    layout: Literal["NHWC", "NCHW"]
    dtype: Literal["uint8", "float32", "float16"]
    color_order: ColorOrder
    fit: Fit
    pad_value: int = Field(ge=0, le=255)
    normalisation: Normalisation


class Anchors(_Table):
    """The anchors of a head that has them, level by level in the order of its strides."""

    sizes_px: tuple[tuple[tuple[_Size, _Size], ...], ...] = Field(min_length=1)
    scale_xy: tuple[_Size, ...]
    box_sizes: Literal["exp", "square"]
    class_scores: Literal["sigmoid", "softmax"]


class Head(_Table):
    """The output layout."""

    layout: str
    strides: tuple[Annotated[int, Field(ge=1, le=_LARGEST_SIDE_PX)], ...] = ()
    reg_max: int = Field(default=0, ge=0, le=1024)
    box_format: Literal["xyxy", "cxcywh", "yxyx"] | None = None
    box_unit: Literal["pixels", "fraction"] | None = None
    activation: Literal["none", "sigmoid"] | None = None
    background: Literal["none", "first"] = "none"
    outputs: dict[str, str]
    anchors: Anchors | None = None


class DefaultThresholds(_Table):
    """What a client gets that asks for nothing else."""

    score: float = Field(gt=0, lt=1)
    iou: float = Field(gt=0, le=1)
    max_detections: int = Field(ge=1, le=1000)


class Checked(_Table):
    """A file with its checksum."""

    path: _FileName
    sha256: _Sha256


class File(Checked):
    """One runnable form of the model."""

    runtimes: tuple[str, ...] = Field(min_length=1)
    """Names, or RUNTIME:DEVICE of a device that the file was made for."""
    precision: Literal["int8", "fp16", "fp32"]
    companions: tuple[Checked, ...] = ()
    """Files that the runtime reads along with it, as an IR's weights."""


class Training(_Table):
    """Where the weights come from."""

    recipe: str
    data: tuple[str, ...]
    licence: str


class Accuracy(_Table):
    """One measured line: COCO AP by the protocol of the card."""

    runtime: str
    precision: str
    split: Literal["val", "test"]
    origin: str
    ap: float = Field(ge=0, le=1)
    ap50: float = Field(ge=0, le=1)


class Manifest(_Table):
    """A whole `model.toml`."""

    format: Literal[1]
    name: _Name
    version: _Name
    description: str
    licence: str
    labels: tuple[str, ...] = Field(min_length=1, max_length=_MOST_LABELS)
    input: Input
    head: Head
    thresholds: DefaultThresholds
    files: tuple[File, ...] = Field(min_length=1)
    golden: Checked | None = None
    training: Training | None = None
    accuracy: tuple[Accuracy, ...] = ()

    @field_validator("head")
    @classmethod
    def _few_cells(cls, head: Head, info: ValidationInfo) -> Head:
        picture = info.data.get("input")
        if isinstance(picture, Input):
            width, height = picture.width_px, picture.height_px
            cells = sum((width // stride) * (height // stride) for stride in head.strides)
            if cells > _MOST_CELLS:
                text = f"strides give {cells} cells; expected {_MOST_CELLS} at most"
                raise ValueError(text)
        return head


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest.

    Raises:
        ConfigurationError: unreadable, not TOML, or a key is wrong; the text names file, key and
            what was expected.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        tables = tomllib.loads(data.decode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        text = f"{path}: cannot be read: {error}"
        raise ConfigurationError(text) from error
    # Of numbers of thousands of digits and of deep nesting the reader says so in its own ways.
    except (ValueError, RecursionError) as error:
        text = f"{path}: not valid TOML: {error}"
        raise ConfigurationError(text) from error
    if len(data) > _MOST_BYTES:
        text = f"{path}: larger than {_MOST_BYTES} bytes, which no manifest is"
        raise ConfigurationError(text)
    try:
        return Manifest.model_validate(tables)
    except ValidationError as error:
        raise ConfigurationError(explain(path, error)) from error


def explain(path: Path | str, error: ValidationError) -> str:
    """One line for a wrong TOML file: file, key, what was expected."""
    first = error.errors(include_url=False)[0]
    key = re.sub(r"\.(\d+)", r"[\1]", ".".join(str(part) for part in first["loc"]))
    try:
        given = without_credentials(repr(first["input"]))
    except (ValueError, RecursionError):  # a number of thousands of digits, or deep nesting
        given = f"a {type(first['input']).__name__} too long to be shown"
    secret = first["type"] == "missing" or _SECRET.search(key)
    got = "" if secret else f", got {given:.80}"
    return f"{path}: {key}: {first['msg']}{got}"
