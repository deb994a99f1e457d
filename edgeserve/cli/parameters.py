"""Values of options that click has no type for."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_CHANNELS = 3


def size(_context: click.Context, _option: click.Parameter, text: str | None) -> object:
    """WxH as two numbers."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.strip().lower())
    if match is None or min(int(match[1]), int(match[2])) < 1:
        message = f"{text!r} is no size; expected WxH in pixels, as in 640x480"
        raise click.BadParameter(message)
    return int(match[1]), int(match[2])


def channels(*, positive: bool) -> Callable[[click.Context, click.Parameter, str | None], object]:
    """X for all channels, or A,B,C."""

    def read(
        _context: click.Context,
        _option: click.Parameter,
        text: str | None,
    ) -> tuple[float, ...] | None:
        if text is None:
            return None
        try:
            numbers = [float(part) for part in text.split(",")]
        except ValueError:
            numbers = []
        numbers = numbers * _CHANNELS if len(numbers) == 1 else numbers
        good = len(numbers) == _CHANNELS and all(map(math.isfinite, numbers))
        if not good or (positive and min(numbers) <= 0):
            kind = "a positive number" if positive else "a number"
            message = f"{text!r}: expected {kind} of 0..255, or one for each of three channels"
            raise click.BadParameter(message)
        return tuple(numbers)

    return read
