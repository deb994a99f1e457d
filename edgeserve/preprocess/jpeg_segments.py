"""The segments at the beginning of a JPEG, and how many scans follow. Source: ITU T.81 annex B."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.domain.errors import InvalidImageError

if TYPE_CHECKING:
    from collections.abc import Iterator

START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF0..15, less the tables and extensions that share their range."""
_SEQUENTIAL = frozenset({0xC0, 0xC1, 0xC9})
_MARKER = 0xFF
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length: TEM, RST0..7, SOI."""
_MOST_MARKERS = 4096
"""Looked at: eight times as many as fill 32 MiB with full segments. A frame of nothing but markers
would otherwise hold the interpreter for seconds."""
_MOST_SCANS = 100
"""Ten times as many as encoders write. Each, however empty, costs a walk over the whole picture:
frames of a few bytes a scan would hold a decoder for hours."""
_COMPONENTS = 7
"""Where a start of frame counts its components, from its length on."""
_SCANNED = 2
"""Where a start of scan does."""


def segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker, and position of the length, of each segment up to the first scan, and of that."""
    position = 2
    for _ in range(_MOST_MARKERS):
        if position + 1 >= len(data) or data[position] != _MARKER:
            return
        marker = data[position + 1]
        if marker == _MARKER:  # fill byte
            position += 1
            continue
        position += 2
        if marker in _STANDALONE:
            continue
        if marker == _END_OF_IMAGE or position + 2 > len(data):
            return
        yield marker, position
        if marker == _START_OF_SCAN:
            return
        position += max(int.from_bytes(data[position : position + 2], "big"), 2)


def check_scans(data: bytes) -> None:
    """Refuse a JPEG of more scans than encoders write.

    Raises:
        InvalidImageError: it has so many.
    """
    components = b""
    for marker, position in segments(data):
        if marker in START_OF_FRAME:
            if marker not in _SEQUENTIAL:
                break
            components = data[position + _COMPONENTS : position + _COMPONENTS + 1]
        elif marker == _START_OF_SCAN:
            if components == data[position + _SCANNED : position + _SCANNED + 1]:
                return  # all of them in one scan, after which a decoder stops
            break
    # Within a scan 0xFF is followed by 0 or by a marker; in other segments this is rare.
    scans = data.count(bytes((_MARKER, _START_OF_SCAN)))
    if scans > _MOST_SCANS:
        text = f"the JPEG has {scans} scans; more than {_MOST_SCANS} are not decoded"
        raise InvalidImageError(text)
