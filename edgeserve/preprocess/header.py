"""Format and size of an encoded picture, read from its first bytes.

The decoders below would allocate whatever a header promises; the limit on pixels is checked
before they see a byte. Sources: ITU T.81 (JPEG) annex B, PNG (ISO/IEC 15948) 11.2.2, the WebP
container specification and RFC 6386 section 9.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgeserve.domain.errors import InvalidImageError
from edgeserve.domain.frame import Encoding
from edgeserve.preprocess.jpeg_segments import START_OF_FRAME, segments

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_HEADER_BYTES = 24
_WEBP_HEADER_BYTES = 30
_FRAME_HEADER_BYTES = 7
"""Of a start of frame, from its length to its width."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What a header promises. Sizes in pixels."""

    encoding: Encoding
    width_px: int
    height_px: int


def count_pixels(data: bytes | memoryview, width_px: int, height_px: int, *, raw: bool) -> int:
    """How many pixels a frame has: raw ones by their size, pictures by their header.

    What is no picture has none: that is for the decoder to say. A size beside a picture counts
    for nothing, as it does for the decoder.
    """
    if raw:
        return width_px * height_px
    try:
        header = read_header(bytes(data))
    except InvalidImageError:
        return 0
    return header.width_px * header.height_px


def read_header(data: bytes) -> ImageHeader:
    """Read the header of a JPEG, PNG or WebP picture.

    Raises:
        InvalidImageError: none of these, cut off, or without a size.
    """
    if not data:
        text = "the frame has 0 bytes; expected a JPEG, PNG or WebP picture"
        raise InvalidImageError(text)
    if data.startswith(b"\xff\xd8"):
        header = _read_jpeg(data)
    elif data.startswith(_PNG_SIGNATURE):
        header = _read_png(data)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        header = _read_webp(data)
    else:
        text = (
            f"not a JPEG, PNG or WebP picture (first bytes {data[:8].hex(' ')}); "
            "raw pixels need their encoding, width and height"
        )
        raise InvalidImageError(text)
    if header is None or not (header.width_px and header.height_px):
        text = f"the picture's header is cut off or broken ({len(data)} bytes)"
        raise InvalidImageError(text)
    return header


def _read_jpeg(data: bytes) -> ImageHeader | None:
    for marker, position in segments(data):
        if marker in START_OF_FRAME:
            if position + _FRAME_HEADER_BYTES > len(data):
                return None
            height = int.from_bytes(data[position + 3 : position + 5], "big")
            width = int.from_bytes(data[position + 5 : position + 7], "big")
            return ImageHeader(Encoding.JPEG, width, height)
    return None


def _read_png(data: bytes) -> ImageHeader | None:
    if len(data) < _PNG_HEADER_BYTES or data[12:16] != b"IHDR":
        return None
    width = int.from_bytes(data[16:20], "big")
    height = int.from_bytes(data[20:24], "big")
    return ImageHeader(Encoding.PNG, width, height)


def _read_webp(data: bytes) -> ImageHeader | None:
    if len(data) < _WEBP_HEADER_BYTES:
        return None
    chunk = data[12:16]
    if chunk == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
    elif chunk == b"VP8L" and data[20] == 0x2F:  # noqa: PLR2004 - the format's signature
        bits = int.from_bytes(data[21:25], "little")
        width = (bits & 0x3FFF) + 1
        height = (bits >> 14 & 0x3FFF) + 1
    elif chunk == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width = int.from_bytes(data[26:28], "little") & 0x3FFF
        height = int.from_bytes(data[28:30], "little") & 0x3FFF
    else:
        return None
    return ImageHeader(Encoding.WEBP, width, height)
