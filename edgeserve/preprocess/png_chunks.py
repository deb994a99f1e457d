"""The chunks of a PNG, looked at before a decoder takes their word for it.

OpenCV makes room for as many bytes as a chunk says it has: a few bytes can ask for gigabytes. And
libpng unpacks all of a picture's data, also what lies behind its last row: half a megabyte can be
half a gigabyte. Source: ISO/IEC 15948, 5.3.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from edgeserve.domain.errors import InvalidImageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SIGNATURE_BYTES = 8
_OUTSIDE_BYTES = 12
"""Of a chunk: length, kind and checksum."""
_MOST_CHUNKS = 1 << 16
"""Encoders write chunks of 8 KiB and more."""
_UNCHECKED_BYTES = 1 << 19
"""Pictures up to here are unpacked in half a second, whatever they hold."""
_MOST_BYTES_A_PIXEL = 16
"""Twice as many as of 16 bits in four channels: filter bytes and interlacing are in it."""
_SLACK_BYTES = 1 << 16
_STEP_BYTES = 1 << 20


def check_png(data: bytes, width_px: int, height_px: int) -> None:
    """Refuse a PNG whose chunks are not all there, or that unpacks to more than its picture is.

    Raises:
        InvalidImageError: it is such a one.
    """
    pixels = [place for kind, place in _chunks(data) if kind == b"IDAT"]
    if len(data) > _UNCHECKED_BYTES:
        most_bytes = _MOST_BYTES_A_PIXEL * width_px * height_px + _SLACK_BYTES
        if _unpacks_to_more(most_bytes, (data[place] for place in pixels)):
            text = f"the PNG unpacks to more than its {width_px}x{height_px} px can be"
            raise InvalidImageError(text)


def _chunks(data: bytes) -> Iterator[tuple[bytes, slice]]:
    """Kind and place of each chunk up to the end mark."""
    position = _SIGNATURE_BYTES
    for _ in range(_MOST_CHUNKS):
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        if position + length + _OUTSIDE_BYTES > len(data):
            text = f"the PNG is cut off or broken at byte {position} of {len(data)}"
            raise InvalidImageError(text)
        if kind == b"IEND":
            return
        yield kind, slice(position + 8, position + 8 + length)
        position += length + _OUTSIDE_BYTES
    text = f"the PNG has more than {_MOST_CHUNKS} chunks"
    raise InvalidImageError(text)


def _unpacks_to_more(most_bytes: int, parts: Iterable[bytes]) -> bool:
    inflater = zlib.decompressobj()
    for part in parts:
        pending = part
        while pending and not inflater.eof:
            try:
                most_bytes -= len(inflater.decompress(pending, _STEP_BYTES))
            except zlib.error:
                return False  # for the decoder to say
            if most_bytes < 0:
                return True
            pending = inflater.unconsumed_tail
    return False
