"""Format and size from the first bytes, whoever wrote them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edgeserve.domain.errors import InvalidImageError
from edgeserve.domain.frame import Encoding
from edgeserve.preprocess.header import ImageHeader, count_pixels, read_header

if TYPE_CHECKING:
    from typing import SupportsIndex

EXIF = Image.Exif()
EXIF[0x010F] = "a camera"
EXIF[0x0112] = 6

# How Pillow writes it, and what the header must say it is.
FORMS: dict[str, tuple[str, str, Encoding, dict[str, Any]]] = {
    "jpeg baseline": ("RGB", "JPEG", Encoding.JPEG, {}),
    "jpeg progressive": ("RGB", "JPEG", Encoding.JPEG, {"progressive": True}),
    "jpeg with exif": ("RGB", "JPEG", Encoding.JPEG, {"exif": EXIF}),
    # Three APP2 segments of 64 KiB before the start of frame.
    "jpeg with icc": ("RGB", "JPEG", Encoding.JPEG, {"icc_profile": b"\xff\xc0" * 70_000}),
    "jpeg with comment": ("RGB", "JPEG", Encoding.JPEG, {"comment": b"\xff\xc0\xff\xda"}),
    "jpeg grey": ("L", "JPEG", Encoding.JPEG, {}),
    "jpeg cmyk": ("CMYK", "JPEG", Encoding.JPEG, {}),
    "png": ("RGB", "PNG", Encoding.PNG, {}),
    "png grey": ("L", "PNG", Encoding.PNG, {}),
    "png alpha": ("RGBA", "PNG", Encoding.PNG, {"exif": EXIF}),
    "png palette": ("P", "PNG", Encoding.PNG, {}),
    "webp lossy": ("RGB", "WEBP", Encoding.WEBP, {}),
    "webp lossless": ("RGB", "WEBP", Encoding.WEBP, {"lossless": True}),
    "webp extended": ("RGB", "WEBP", Encoding.WEBP, {"exif": EXIF}),
    "webp alpha": ("RGBA", "WEBP", Encoding.WEBP, {"quality": 40}),
}
SIZES = st.tuples(st.integers(1, 700), st.integers(1, 700))


def written(form: str, width_px: int, height_px: int) -> bytes:
    mode, kind, _, options = FORMS[form]
    picture = Image.new(mode, (width_px, height_px))
    if mode == "RGBA":  # fully opaque pictures would be stored without alpha
        picture.putpixel((0, 0), (1, 2, 3, 128))
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def header_or_refusal(data: bytes) -> ImageHeader | None:
    try:
        return read_header(data)
    except InvalidImageError:
        return None


@pytest.mark.parametrize("form", FORMS)
def test_size_as_written(form: str) -> None:
    @settings(deadline=None, max_examples=12, database=None)
    @given(SIZES)
    def check(size: tuple[int, int]) -> None:
        assert read_header(written(form, *size)) == ImageHeader(FORMS[form][2], *size)

    check()


def test_the_three_webp_containers_are_all_among_the_forms() -> None:
    chunks = {written(form, 9, 5)[12:16] for form in FORMS if form.startswith("webp")}
    assert chunks == {b"VP8 ", b"VP8L", b"VP8X"}


@pytest.mark.parametrize("form", FORMS)
def test_cut_off_anywhere_it_is_the_size_or_an_invalid_image(form: str) -> None:
    data = written(form, 33, 17)
    # Every byte of a header's structure; a profile of 140 kB need not be cut at each of its own.
    lengths = sorted({*range(min(len(data), 700)), *range(0, len(data), 997)})
    readings = [header_or_refusal(data[:length]) for length in lengths]
    refused = readings.count(None)
    # Too short first, long enough from there on.
    assert 24 <= refused < len(lengths)
    assert readings == [None] * refused + [read_header(data)] * (len(lengths) - refused)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from([b"", b"\xff\xd8", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF"]),
    st.binary(max_size=200),
)
def test_arbitrary_bytes_are_a_size_or_an_invalid_image(start: bytes, rest: bytes) -> None:
    header = header_or_refusal(start + rest)
    assert header is None or (header.width_px > 0 and header.height_px > 0)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(sorted(FORMS)), st.data())
def test_a_damaged_header_is_a_size_or_an_invalid_image(form: str, data: st.DataObject) -> None:
    damaged = bytearray(written(form, 33, 17))
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, min(len(damaged), 400) - 1))] = data.draw(
            st.integers(0, 255),
        )
    header = header_or_refusal(bytes(damaged))
    assert header is None or (header.width_px > 0 and header.height_px > 0)


class Counted(bytes):
    """Bytes that count how often somebody looks."""

    looks = 0

    def __getitem__(self, key: SupportsIndex | slice) -> Any:  # noqa: ANN401 - as of bytes
        self.looks += 1
        return super().__getitem__(key)


@pytest.mark.parametrize(
    "pattern",
    [b"\xff", b"\xff\xd0", b"\xff\xe0\x00\x02", b"\xff\x01"],
    ids=["fill bytes", "restart markers", "empty segments", "temporary markers"],
)
def test_a_header_without_end_is_given_up(pattern: bytes) -> None:
    """A frame may have 32 MiB: a walk through all of it would hold the interpreter for seconds."""
    data = Counted(b"\xff\xd8" + pattern * (4_000_000 // len(pattern)))
    with pytest.raises(InvalidImageError, match="cut off or broken"):
        read_header(data)
    assert data.looks < 50_000


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 bytes"),
        (b"hello, is this a picture?", "not a JPEG, PNG or WebP"),
        (b"GIF89a\x10\x00\x10\x00", "47 49 46 38"),
        (b"BM" + bytes(60), "not a JPEG, PNG or WebP"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(40), "not a JPEG, PNG or WebP"),
        (b"\xff\xd8\xff\xd9", r"broken \(4 bytes\)"),
        (b"\xff\xd8\xff\xda\x00\x02" + bytes(30), "broken"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, said: str) -> None:
    with pytest.raises(InvalidImageError, match=said):
        read_header(data)


@pytest.mark.parametrize("form", ["jpeg baseline", "png", "webp lossy"])
def test_a_size_of_zero_is_invalid(form: str) -> None:
    data = bytearray(written(form, 33, 17))
    size = {
        "jpeg baseline": (17).to_bytes(2, "big") + (33).to_bytes(2, "big"),
        "png": (33).to_bytes(4, "big"),
        "webp lossy": (33).to_bytes(2, "little"),
    }[form]
    at = data.index(size)
    data[at : at + len(size)] = bytes(len(size))
    with pytest.raises(InvalidImageError, match="cut off or broken"):
        read_header(bytes(data))


def test_the_size_is_the_pictures_not_that_of_the_preview_in_its_exif() -> None:
    preview = written("jpeg baseline", 16, 12)
    segment = b"Exif\0\0" + preview
    app1 = b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment
    data = written("jpeg baseline", 640, 480)
    assert read_header(data[:2] + app1 + data[2:]) == ImageHeader(Encoding.JPEG, 640, 480)


def test_bytes_between_fill_bytes_and_marker_do_not_matter() -> None:
    data = written("jpeg baseline", 64, 48)
    at = data.index(b"\xff\xc0")
    filled = data[:at] + b"\xff" * 7 + data[at:]
    assert read_header(filled) == ImageHeader(Encoding.JPEG, 64, 48)
    # And libjpeg reads it the same way.
    with Image.open(io.BytesIO(filled)) as picture:
        assert np.asarray(picture).shape == (48, 64, 3)


@pytest.mark.parametrize("marker", [0xC4, 0xC8, 0xCC], ids=["tables", "extension", "arithmetic"])
def test_markers_that_share_the_range_of_frames_are_none(marker: int) -> None:
    data = written("jpeg baseline", 64, 48)
    segment = bytes([0xFF, marker, 0, 10, 8, 0, 9, 0, 7, 3, 1, 2])
    at = data.index(b"\xff\xc0")
    assert read_header(data[:at] + segment + data[at:]) == ImageHeader(Encoding.JPEG, 64, 48)


def test_a_picture_has_the_pixels_of_its_header_whatever_is_said_beside_it() -> None:
    data = written("png", 9, 5)
    assert count_pixels(data, 0, 0, raw=False) == 45
    assert count_pixels(data, 1, 1, raw=False) == 45
    assert count_pixels(data, 4, 3, raw=True) == 12
    assert count_pixels(b"no picture", 4, 3, raw=False) == 0
