"""Encoded pictures, decoded: the header's word is held against what comes out."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from typing import TYPE_CHECKING

from PIL import Image

from edgeserve.domain.errors import FrameError
from edgeserve.domain.frame import ColorOrder, EncodedFrame, Encoding
from edgeserve.preprocess.decode import decode
from edgeserve.preprocess.pixel_buffer import PixelBuffer
from tests.fuzz.reader import Reader
from tests.fuzz.target import Target, check_told
from tests.preprocess.test_header import FORMS, written

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_PIXELS = 1 << 16
_BUFFER = PixelBuffer()
_ENCODINGS = (Encoding.AUTO, Encoding.JPEG, Encoding.PNG, Encoding.WEBP)
_FACTORS = (1, 2, 4, 8)


def run(data: bytes) -> None:
    reader = Reader(data)
    encoding, order = reader.choice(_ENCODINGS), reader.choice(tuple(ColorOrder))
    factor = reader.choice(_FACTORS)
    frame = EncodedFrame(7, reader.rest(), encoding, width_px=1, height_px=1)
    try:
        found = decode(frame, order, _MAX_PIXELS, buffer=_BUFFER, reduction=lambda *_: factor)
    except FrameError as error:
        check_told(error)
        return
    height_px, width_px, channels = found.pixels.shape
    assert channels == 3
    assert found.width_px * found.height_px <= _MAX_PIXELS
    assert width_px in {found.width_px, -(-found.width_px // factor)}
    assert height_px in {found.height_px, -(-found.height_px // factor)}
    found.pixels.max()  # every one of them can be read


def seeds() -> Mapping[str, bytes]:
    pictures = {form: written(form, 33, 18) for form in FORMS if form != "jpeg with icc"}
    pictures |= {kind: _animated(kind) for kind in ("PNG", "WEBP")}
    plain = {name: b"\0\0\0" + data for name, data in pictures.items()}
    reduced = {f"{name}, reduced": b"\0\1\2" + data for name, data in pictures.items()}
    return plain | reduced


def _animated(kind: str) -> bytes:
    first, second = (Image.new("RGB", (9, 7), colour) for colour in ("red", "blue"))
    buffer = io.BytesIO()
    first.save(buffer, kind, save_all=True, append_images=[second])
    return buffer.getvalue()


def many_scans(count: int, side_px: int = 16) -> bytes:
    """A progressive JPEG with its last scan again and again."""
    data = written("jpeg progressive", side_px, side_px)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * count + b"\xff\xd9"


@cache
def long_png() -> bytes:
    """A PNG of 8x8 px whose data unpack to much more than its rows."""
    squeeze = zlib.compressobj(1)
    packed = b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(130))
    assert len(packed) > 1 << 19
    body = b"IDAT" + packed + squeeze.flush()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return written("png", 8, 8)[:33] + chunk + written("png", 8, 8)[-12:]


def lying_png() -> bytes:
    """A PNG with a chunk that says it has a gigabyte."""
    data = written("png", 8, 8)
    return data[:33] + (1 << 30).to_bytes(4, "big") + b"aaaa" + data[33:]


def found() -> Mapping[str, bytes]:
    return {
        "a chunk of a gigabyte that is not there": b"\0\0\0" + lying_png(),
        "a walk over the picture for each of many scans": b"\0\0\0" + many_scans(300),
        "half a megabyte that unpacks to hundreds": b"\0\0\0" + long_png(),
    }


TARGET = Target(run, seeds, found)
