"""Raw frames whose sizes and strides may lie."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from edgeserve.domain.errors import FrameError
from edgeserve.domain.frame import ColorOrder, EncodedFrame, Encoding
from edgeserve.preprocess.decode import decode
from tests.fuzz.reader import Reader
from tests.fuzz.target import Target, check_told

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENCODINGS = (Encoding.BGR, Encoding.RGB, Encoding.GRAY, Encoding.NV12)
_MAX_PIXELS = 1 << 16


def run(data: bytes) -> None:
    reader = Reader(data)
    encoding, order = reader.choice(_ENCODINGS), reader.choice(tuple(ColorOrder))
    width_px, height_px, stride_bytes = (reader.number(4) for _ in range(3))
    frame = EncodedFrame(7, reader.rest(), encoding, width_px, height_px, stride_bytes)
    try:
        found = decode(frame, order, _MAX_PIXELS)
    except FrameError as error:
        check_told(error)
        return
    assert found.pixels.shape == (height_px, width_px, 3)
    found.pixels.max()  # every one of them can be read


def seeds() -> Mapping[str, bytes]:
    def frame(encoding: int, width: int, height: int, stride: int, size: int) -> bytes:
        return struct.pack("<BBIII", encoding, 0, width, height, stride) + bytes(range(size))

    return {
        "bgr": frame(0, 5, 4, 0, 60),
        "rgb with gaps": frame(1, 5, 4, 20, 80),
        "rgb without the last gap": frame(1, 5, 4, 20, 75),
        "grey": frame(2, 5, 4, 5, 20),
        "nv12": frame(3, 6, 4, 0, 36),
        "nv12 with gaps": frame(3, 6, 4, 8, 48),
    }


TARGET = Target(run, seeds)
