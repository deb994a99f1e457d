"""What model files say of themselves, in the keys that exporters write."""

from __future__ import annotations

import ast
import json
import math
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeserve.domain.errors import ConfigurationError
from edgeserve.domain.frame import ColorOrder
from edgeserve.domain.model import Fit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST_CHARACTERS = 1 << 20
_MOST_LABELS = 100_000
_MOST_LETTERS = 200
_FIRST_STRIDE = 8
_WHITE = 255
_FITS = {
    **{fit.value: fit for fit in Fit},
    "standard": Fit.STRETCH,
    "fit_to_window": Fit.TOP_LEFT,
    "fit_to_window_letterbox": Fit.CENTER,
}


@dataclass(frozen=True, slots=True)
class Description:
    """What was found; None and empty where nothing was.

    Attributes:
        labels: class names.
        strides: input pixels a cell, level by level.
        size_px: width and height of the input.
        reg_max: bins a box side.
        color_order: of the input's channels.
        fit: where a picture goes.
        pad_value: around it.
        mean: of each channel, in 0..255.
        std: of each channel, in 0..255.
        notes: keys that could not be understood, a sentence each.
    """

    labels: tuple[str, ...] = ()
    strides: tuple[int, ...] = ()
    size_px: tuple[int, int] | None = None
    reg_max: int | None = None
    color_order: ColorOrder | None = None
    fit: Fit | None = None
    pad_value: int | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    notes: tuple[str, ...] = ()


def describe(metadata: Mapping[str, str]) -> Description:
    """Read the keys that are known; nothing in them is executed.

    Raises:
        ConfigurationError: the file says that it does something else than detect.
    """
    task = metadata.get("task", "detect").strip().lower()
    if task not in {"detect", "detection"}:
        text = f"the file says that its task is {task!r:.40}; only detection is served"
        raise ConfigurationError(text)
    found: dict[str, Any] = {}
    notes = []
    for field, keys, read in _KEYS:
        for key in keys:
            if key not in metadata or field in found:
                continue
            try:
                found[field] = read(metadata[key])
            except (ValueError, TypeError, KeyError, OverflowError) as error:
                value = metadata[key]
                notes.append(f"metadata {key} = {value!r:.60} is not understood: {error!s:.80}")
    return Description(**found, notes=tuple(notes))


def _literal(text: str) -> Any:  # noqa: ANN401 - whatever the file says
    """A Python or JSON literal, else the text itself."""
    if len(text) > _MOST_CHARACTERS:
        message = f"it is {len(text)} characters long"
        raise ValueError(message)
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
        return ast.literal_eval(text)
    return text


def _labels(text: str) -> tuple[str, ...]:
    value = _literal(text)
    if isinstance(value, dict):
        if sorted(map(int, value)) != list(range(len(value))):
            message = "its keys are not 0, 1, 2, …"
            raise ValueError(message)
        names = [value[key] for key in sorted(value, key=int)]
    elif isinstance(value, (list, tuple)):
        names = list(value)
    else:
        # Some write names with blanks between them and underscores within.
        separator = "," if "," in str(value) else None
        names = str(value).split(separator)
    labels = tuple(str(name).strip() for name in names)
    sizes = [len(label) for label in labels]
    if not 1 <= len(labels) <= _MOST_LABELS or not 1 <= min(sizes) <= max(sizes) <= _MOST_LETTERS:
        message = "it is no list of names"
        raise ValueError(message)
    return labels


def _numbers(text: str) -> list[float]:
    value = _literal(text)
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    return [float(one) for one in (value if isinstance(value, (list, tuple)) else [value])]


def _strides(text: str) -> tuple[int, ...]:
    strides = [int(one) for one in _numbers(text)]
    if len(strides) == 1:
        # One number is the coarsest level; levels double from 8.
        (last,) = strides
        strides = [last]
        while strides[0] > _FIRST_STRIDE:
            strides.insert(0, strides[0] // 2)
    if min(strides) < 1:
        message = "strides are positive"
        raise ValueError(message)
    return tuple(strides)


def _size(text: str) -> tuple[int, int]:
    numbers = [int(one) for one in _numbers(text)]
    height, width = numbers if len(numbers) > 1 else numbers * 2
    if min(width, height) < 1:
        message = "sizes are positive"
        raise ValueError(message)
    return width, height


def _channels(text: str) -> tuple[float, float, float]:
    numbers = _numbers(text)
    first, second, third = numbers * 3 if len(numbers) == 1 else numbers
    if not all(map(math.isfinite, numbers)):
        message = "it is no number"
        raise ValueError(message)
    return first, second, third


def _divisors(text: str) -> tuple[float, float, float]:
    divisors = _channels(text)
    if min(divisors) <= 0:
        message = "divisors are positive"
        raise ValueError(message)
    return divisors


def _pad(text: str) -> int:
    value = int(float(text))
    if not 0 <= value <= _WHITE:
        message = f"it is not within 0..{_WHITE}"
        raise ValueError(message)
    return value


def _reversed(text: str) -> ColorOrder:
    return ColorOrder.RGB if text.strip().lower() in {"true", "yes", "1"} else ColorOrder.BGR


_KEYS: tuple[tuple[str, tuple[str, ...], Callable[[str], object]], ...] = (
    ("labels", ("names", "classes", "labels", "class_names"), _labels),
    ("strides", ("strides", "stride"), _strides),
    ("size_px", ("imgsz", "input_size"), _size),
    ("reg_max", ("reg_max",), int),
    ("color_order", ("color_order",), lambda text: ColorOrder(text.strip().upper())),
    ("color_order", ("reverse_input_channels",), _reversed),
    ("fit", ("fit", "resize_type"), lambda text: _FITS[text.strip().lower()]),
    ("pad_value", ("pad", "pad_value"), _pad),
    ("mean", ("mean", "mean_values"), _channels),
    ("std", ("std", "scale_values"), _divisors),
)
