"""A colour for each class."""

from __future__ import annotations

import colorsys

Bgr = tuple[int, int, int]

_GOLDEN_RATIO = 0.618033988749895
_TONES = ((0.85, 1.0), (1.0, 0.75), (0.5, 1.0))
"""Saturation and value, in turn: neighbours in hue then differ in tone."""
_FIRST_HUE = 0.36  # green


def class_color(class_id: int) -> Bgr:
    """Colour of a class, 0..255 each, the same in every run.

    Steps of the golden ratio spread the hues evenly, however many classes there are.
    """
    hue = (_FIRST_HUE + class_id * _GOLDEN_RATIO) % 1.0
    saturation, value = _TONES[class_id % len(_TONES)]
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(blue * 255), round(green * 255), round(red * 255)


def text_color(background: Bgr) -> Bgr:
    """Black or white, whichever is easier to read on `background`."""
    blue, green, red = background
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return (0, 0, 0) if luma > 127 else (255, 255, 255)  # noqa: PLR2004 - half of 255
