"""The embedded sample: a moving camera over photographs that the package carries.

It stands in for a camera where there is none, so it depends on nothing but the package, and
gives the same frames each time. Who took the photographs, and by what right they are here:
`sample/CREDITS.md`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import simplejpeg

from edgeserve.cameras.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from edgeserve.cameras.form import Form
    from edgeserve.domain.frame import EncodedFrame

WIDTH_PX, HEIGHT_PX = 640, 480
_FPS = 15.0
_FRAMES_A_PHOTOGRAPH = 40


@dataclass(frozen=True, slots=True)
class _View:
    """What the camera sees, in the photograph's pixels; its height follows from 4:3."""

    centre_x: float
    centre_y: float
    width: float


_MOVES = {
    "astronaut": (_View(256, 192, 512), _View(215, 172, 380)),
    "cameraman": (_View(256, 240, 512), _View(215, 205, 400)),
    "grace_hopper": (_View(245, 190, 460), _View(256, 215, 512)),
}
"""First and last view of each photograph; both lie inside it, hence all between them do."""


class Sample(Source):
    """Persons, 640x480 px: three photographs, 40 frames each, nominally 15 a second."""

    name = "sample"
    fps = _FPS
    frame_count = len(_MOVES) * _FRAMES_A_PHOTOGRAPH

    def __init__(self, form: Form) -> None:
        """Choose the form of the frames."""
        self._form = form

    def __iter__(self) -> Iterator[EncodedFrame]:
        """Render each frame when it is asked for."""
        frame_id = 0
        for name, (first, last) in _MOVES.items():
            photograph = _load(name)
            for step in range(_FRAMES_A_PHOTOGRAPH):
                view = _between(first, last, step / (_FRAMES_A_PHOTOGRAPH - 1))
                yield self._form.pack(frame_id, _look(photograph, view))
                frame_id += 1


def _load(name: str) -> NDArray[np.uint8]:
    file = resources.files("edgeserve.cameras") / "sample" / f"{name}.jpg"
    return cast("NDArray[np.uint8]", simplejpeg.decode_jpeg(file.read_bytes(), colorspace="BGR"))


def _between(first: _View, last: _View, progress: float) -> _View:
    eased = (1 - math.cos(math.pi * progress)) / 2  # sets off and arrives gently
    return _View(
        first.centre_x + (last.centre_x - first.centre_x) * eased,
        first.centre_y + (last.centre_y - first.centre_y) * eased,
        first.width + (last.width - first.width) * eased,
    )


def _look(photograph: NDArray[np.uint8], view: _View) -> NDArray[np.uint8]:
    scale = view.width / WIDTH_PX
    # From view to photograph, pixel centre to pixel centre.
    matrix = np.array(
        [
            [scale, 0, view.centre_x - scale * WIDTH_PX / 2 + (scale - 1) / 2],
            [0, scale, view.centre_y - scale * HEIGHT_PX / 2 + (scale - 1) / 2],
        ]
    )
    pixels = cv2.warpAffine(
        photograph,
        matrix,
        (WIDTH_PX, HEIGHT_PX),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,  # half a pixel at the edges
    )
    return cast("NDArray[np.uint8]", pixels)
