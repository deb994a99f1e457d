"""A test pattern: a moving square over colour bars, generated, for cameras that are not there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.cameras.source import Source
from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from edgeserve.cameras.form import Form
    from edgeserve.domain.frame import EncodedFrame

_WORDS = re.compile(r"pattern(?::(\d{1,4})x(\d{1,4})(?:@(\d{1,3}))?)?")
_BARS_BGR = (
    (191, 191, 191), (0, 191, 191), (191, 191, 0), (0, 191, 0),
    (191, 0, 191), (0, 0, 191), (191, 0, 0), (16, 16, 16),
)  # fmt: skip
_SIDES = 8
"""The square's side is this part of the picture's height."""
_STEP_PX = 4


def is_pattern(url: str) -> bool:
    """Whether the words ask for a test pattern."""
    return url == "pattern" or url.startswith("pattern:")


class Pattern(Source):
    """Endless frames; `pattern`, `pattern:640x480` or `pattern:640x480@15`."""

    frame_count = None

    def __init__(self, words: str, form: Form) -> None:
        """Read size and rate; without them 640x480 px, 15 a second.

        Raises:
            ConfigurationError: the words make no sense.
        """
        found = _WORDS.fullmatch(words)
        width_px, height_px, fps = (
            (int(found[1] or 640), int(found[2] or 480), int(found[3] or 15))
            if found
            else (0, 0, 0)
        )
        if min(width_px, height_px) < _SIDES or fps < 1:
            text = f"{words!r} is no test pattern; expected pattern:WIDTHxHEIGHT@FPS, 8x8 or more"
            raise ConfigurationError(text)
        self.name = "pattern"
        self.fps: float | None = float(fps)
        self._form = form
        self._bars = _bars(width_px, height_px)

    def __iter__(self) -> Iterator[EncodedFrame]:
        """Draw each frame when it is asked for."""
        height_px, width_px = self._bars.shape[:2]
        side_px = height_px // _SIDES
        frame_id = 0
        while True:
            pixels = self._bars.copy()
            left = frame_id * _STEP_PX % max(1, width_px - side_px)
            top = frame_id * _STEP_PX // 2 % max(1, height_px - side_px)
            pixels[top : top + side_px, left : left + side_px] = 255
            yield self._form.pack(frame_id, pixels)
            frame_id += 1


def _bars(width_px: int, height_px: int) -> NDArray[np.uint8]:
    colors = np.array(_BARS_BGR, dtype=np.uint8)
    of_column = np.arange(width_px) * len(colors) // width_px
    return np.ascontiguousarray(np.broadcast_to(colors[of_column], (height_px, width_px, 3)))
