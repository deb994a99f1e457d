"""Bytes to pixels, and everything that is not a picture refused."""

from __future__ import annotations

import io
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edgeserve.domain.errors import FrameError, InvalidImageError, TooManyPixelsError
from edgeserve.domain.frame import ColorOrder, EncodedFrame, Encoding, Frame
from edgeserve.preprocess.decode import decode
from edgeserve.preprocess.pixel_buffer import PixelBuffer

WIDTH_PX, HEIGHT_PX = 61, 43
MAX_PIXELS = 1_000_000

Pixels = NDArray[np.uint8]


def picture(seed: int = 0) -> Pixels:
    """Smooth structure with different channels, so that an exchange of them shows. RGB."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    with Image.fromarray(coarse) as small:
        return np.asarray(small.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BICUBIC))


def noise(*shape: int, dtype: type[np.unsignedinteger[Any]] = np.uint8) -> NDArray[Any]:
    return np.random.default_rng(3).integers(0, np.iinfo(dtype).max, shape, dtype=dtype)


def written(image: Image.Image, kind: str, **options: Any) -> bytes:  # noqa: ANN401 - Pillow's own
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pillow(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def decoded(data: bytes, order: ColorOrder = ColorOrder.RGB, **fields: Any) -> Pixels:  # noqa: ANN401
    frame = decode(EncodedFrame(7, data, **fields), order, MAX_PIXELS)
    assert isinstance(frame, Frame)
    assert (frame.frame_id, frame.color_order) == (7, order)
    assert (frame.height_px, frame.width_px) == frame.pixels.shape[:2]
    assert frame.pixels.dtype == np.uint8
    return frame.pixels


@pytest.mark.parametrize("order", list(ColorOrder))
@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("RGB", {"quality": 92, "subsampling": 0}),
        ("RGB", {"quality": 75, "subsampling": 2}),
        ("RGB", {"quality": 75, "progressive": True}),
        ("L", {"quality": 85}),
        ("CMYK", {"quality": 95}),
    ],
)
def test_jpeg_has_the_pixels_that_pillow_reads(
    mode: str,
    options: dict[str, Any],
    order: ColorOrder,
) -> None:
    data = written(Image.fromarray(picture()).convert(mode), "JPEG", **options)
    pixels = decoded(data, order)
    expected = pillow(data)[..., :: 1 if order is ColorOrder.RGB else -1]
    assert np.abs(pixels.astype(int) - expected).max() <= 2


@pytest.mark.parametrize("order", list(ColorOrder))
@pytest.mark.parametrize(
    ("shape", "kind", "options"),
    [
        ((43, 61, 3), "PNG", {}),
        ((43, 61), "PNG", {}),
        ((43, 61, 4), "PNG", {}),
        ((43, 61, 3), "WEBP", {"lossless": True}),
        ((43, 61, 4), "WEBP", {"lossless": True, "exact": True}),
    ],
)
def test_lossless_formats_are_exact_and_transparency_is_left_out(
    shape: tuple[int, ...],
    kind: str,
    options: dict[str, Any],
    order: ColorOrder,
) -> None:
    stored = noise(*shape)
    pixels = decoded(written(Image.fromarray(stored), kind, **options), order)
    colours = stored[..., :3] if stored.ndim == 3 else np.stack([stored] * 3, axis=-1)
    np.testing.assert_array_equal(pixels, colours[..., :: 1 if order is ColorOrder.RGB else -1])


def test_palette_and_16_bit_png_become_8_bit_colours() -> None:
    palette = Image.fromarray(noise(43, 61, 3)).quantize(16)
    data = written(palette, "PNG")
    np.testing.assert_array_equal(decoded(data), pillow(data))
    deep = noise(43, 61, dtype=np.uint16)
    pixels = decoded(written(Image.fromarray(deep), "PNG"))
    np.testing.assert_array_equal(pixels[..., 1], deep >> 8)


def test_lossy_webp_is_close_to_pillow() -> None:
    data = written(Image.fromarray(picture()), "WEBP", quality=80)
    assert np.abs(decoded(data).astype(int) - pillow(data)).max() <= 2


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {}), ("PNG", {}), ("WEBP", {"lossless": True})],
)
def test_orientation_in_exif_is_not_applied(kind: str, options: dict[str, Any]) -> None:
    image = Image.fromarray(picture())
    exif = Image.Exif()
    exif[0x0112] = 6
    turned, plain = written(image, kind, exif=exif, **options), written(image, kind, **options)
    assert turned != plain
    np.testing.assert_array_equal(decoded(turned), decoded(plain))


@pytest.mark.parametrize("encoding", [Encoding.JPEG, Encoding.PNG, Encoding.WEBP])
def test_a_declared_encoding_must_be_the_real_one(encoding: Encoding) -> None:
    image = Image.fromarray(picture())
    for kind in ("JPEG", "PNG", "WEBP"):
        data = written(image, kind)
        if kind.lower() == encoding.value:
            assert decoded(data, encoding=encoding).shape == (HEIGHT_PX, WIDTH_PX, 3)
            continue
        said = f"the frame says {encoding.value.upper()} and its bytes are {kind}"
        with pytest.raises(InvalidImageError, match=said):
            decoded(data, encoding=encoding)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
    ],
)
@pytest.mark.parametrize("part", [0.0, 0.02, 0.3, 0.7, 0.98])
def test_truncated_pictures_are_refused(kind: str, options: dict[str, Any], part: float) -> None:
    data = written(Image.fromarray(noise(HEIGHT_PX, WIDTH_PX, 3)), kind, **options)
    with pytest.raises(InvalidImageError):
        decoded(data[: int(len(data) * part)])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_last_byte_is_missed(kind: str) -> None:
    data = written(Image.fromarray(noise(HEIGHT_PX, WIDTH_PX, 3)), kind)
    with pytest.raises(InvalidImageError):
        decoded(data[:-1])


def test_text_is_no_picture() -> None:
    with pytest.raises(InvalidImageError, match="not a JPEG, PNG or WebP picture"):
        decoded(b"<html>502 Bad Gateway</html>")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damage_is_a_picture_or_a_frame_error(kind: str) -> None:
    whole = written(Image.fromarray(noise(HEIGHT_PX, WIDTH_PX, 3)), kind)

    @settings(deadline=None, max_examples=80, database=None)
    @given(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), min_size=1))
    def check(damage: list[tuple[int, int]]) -> None:
        data = bytearray(whole)
        for at, value in damage:
            data[at] = value
        try:
            pixels = decoded(bytes(data))
        except FrameError:
            return
        assert pixels.ndim == 3

    check()


def test_a_webp_whose_canvas_is_not_its_picture_is_refused() -> None:
    image = Image.fromarray(noise(HEIGHT_PX, WIDTH_PX, 4))
    data = bytearray(written(image, "WEBP", quality=50))
    assert data[12:16] == b"VP8X"
    data[24:27] = (WIDTH_PX + 10).to_bytes(3, "little")
    with pytest.raises(InvalidImageError):
        decoded(bytes(data))


def png_bomb(width_px: int, height_px: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body).to_bytes(4, "big")
        return len(body).to_bytes(4, "big") + kind + body + check

    header = width_px.to_bytes(4, "big") + height_px.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    pixels = zlib.compress(bytes(100_000))
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def jpeg_bomb(width_px: int, height_px: int) -> bytes:
    data = written(Image.new("RGB", (16, 16)), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    size = height_px.to_bytes(2, "big") + width_px.to_bytes(2, "big")
    return data[:at] + size + data[at + 4 :]


def webp_bomb(width_px: int, height_px: int) -> bytes:
    data = bytearray(written(Image.new("RGBA", (16, 16), (0, 0, 0, 9)), "WEBP", quality=1))
    data[24:30] = (width_px - 1).to_bytes(3, "little") + (height_px - 1).to_bytes(3, "little")
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [png_bomb(30_000, 30_000), jpeg_bomb(30_000, 30_000), webp_bomb(30_000, 30_000)],
    ids=["png", "jpeg", "webp"],
)
def test_a_bomb_is_refused_by_its_header_alone(
    data: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        pytest.fail("a decoder was called")

    monkeypatch.setattr(simplejpeg, "decode_jpeg", fail)
    monkeypatch.setattr(cv2, "imdecode", fail)
    said = r"30000x30000 = 900000000 pixels; the limit is 1000000 \(setting max_pixels\)"
    with pytest.raises(TooManyPixelsError, match=said):
        decoded(data)


def test_the_limit_on_pixels_is_inclusive_and_holds_for_raw_frames() -> None:
    data = written(Image.fromarray(picture()), "PNG")
    raw = EncodedFrame(0, bytes(WIDTH_PX * HEIGHT_PX), Encoding.GRAY, WIDTH_PX, HEIGHT_PX)
    for frame in (EncodedFrame(0, data), raw):
        decode(frame, ColorOrder.BGR, WIDTH_PX * HEIGHT_PX)
        with pytest.raises(TooManyPixelsError, match=f"{WIDTH_PX}x{HEIGHT_PX}"):
            decode(frame, ColorOrder.BGR, WIDTH_PX * HEIGHT_PX - 1)


@pytest.mark.parametrize("factor", [2, 4, 8])
@pytest.mark.parametrize("size_px", [(96, 64), (97, 65), (103, 71)])
def test_a_jpeg_at_a_fraction_of_its_size_is_the_whole_picture(
    factor: int,
    size_px: tuple[int, int],
) -> None:
    with Image.fromarray(np.tile(np.linspace(0, 255, 256, dtype=np.uint8), (256, 1))) as ramp:
        large = ramp.convert("RGB").resize(size_px, Image.Resampling.BOX)
    data = written(large, "JPEG", quality=95)
    asked = []

    def reduction(width_px: int, height_px: int) -> int:
        asked.append((width_px, height_px))
        return factor

    frame = decode(EncodedFrame(7, data), ColorOrder.BGR, MAX_PIXELS, reduction=reduction)
    assert asked == [size_px]
    assert (frame.width_px, frame.height_px) == size_px
    expected_px = (-(-size_px[0] // factor), -(-size_px[1] // factor))
    assert frame.pixels.shape[1::-1] == expected_px
    # Brightness rises from the left edge to the right one, as in the large picture.
    small = large.resize(expected_px, Image.Resampling.BOX)
    difference = frame.pixels.astype(int) - np.asarray(small)
    assert np.abs(difference).max() <= 255 * factor / size_px[0] + 4


def test_other_formats_are_never_reduced() -> None:
    with Image.new("RGB", (64, 48)) as image:
        data = written(image, "PNG")
    frame = decode(EncodedFrame(7, data), ColorOrder.BGR, MAX_PIXELS, reduction=lambda *_: 8)
    assert frame.pixels.shape == (48, 64, 3)


def test_a_buffer_is_used_again_and_grows() -> None:
    buffer, pictures = PixelBuffer(), []
    for size_px in ((64, 48), (32, 16), (160, 120), (64, 48)):
        with Image.new("RGB", size_px, (250, 120, 10)) as image:
            data = written(image, "JPEG", quality=95)
        frame = decode(EncodedFrame(7, data), ColorOrder.RGB, MAX_PIXELS, buffer=buffer)
        assert frame.pixels.shape[1::-1] == size_px
        assert np.abs(frame.pixels.astype(int) - (250, 120, 10)).max() <= 3
        pictures.append(frame.pixels)
    assert np.shares_memory(pictures[0], pictures[1])
    assert not np.shares_memory(pictures[1], pictures[2])
    assert np.shares_memory(pictures[2], pictures[3])


def test_a_very_large_picture_is_not_kept_in_the_buffer() -> None:
    buffer = PixelBuffer()
    kept = buffer.take(1000)
    assert not np.shares_memory(buffer.take(1 << 26), kept)
    assert np.shares_memory(buffer.take(1000), kept)
