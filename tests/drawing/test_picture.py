"""Pictures from bytes and to the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from edgeserve.domain.errors import ConfigurationError, InvalidImageError, NotAvailableError
from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.drawing.picture import read_frame, read_picture, write_picture

if TYPE_CHECKING:
    from pathlib import Path

PIXELS = np.random.default_rng(7).integers(0, 256, (6, 8, 3), dtype=np.uint8)


def _png() -> bytes:
    return cv2.imencode(".png", PIXELS)[1].tobytes()


def test_png_is_read_as_it_was_written() -> None:
    assert (read_picture(_png()) == PIXELS).all()
    assert (read_frame(EncodedFrame(0, _png())) == PIXELS).all()


def test_orientation_tag_is_not_applied(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown a quarter turn clockwise
    Image.new("RGB", (16, 8)).save(path, exif=exif)
    assert read_picture(path.read_bytes()).shape == (8, 16, 3)


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_damaged_picture_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidImageError, match=rf"cannot be decoded \({len(data)} bytes\)"):
        read_picture(data)


def test_raw_frame_without_and_with_a_stride() -> None:
    plain = EncodedFrame(0, PIXELS.tobytes(), Encoding.BGR, 8, 6)
    assert (read_frame(plain) == PIXELS).all()
    rows = b"".join(row.tobytes() + b"gap" for row in PIXELS)
    gapped = EncodedFrame(0, rows.removesuffix(b"gap"), Encoding.BGR, 8, 6, stride_bytes=27)
    assert (read_frame(gapped) == PIXELS).all()


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (EncodedFrame(4, bytes(143), Encoding.BGR, 8, 6), "frame 4 has 143 bytes.*take 144"),
        (EncodedFrame(4, bytes(144), Encoding.BGR, 8, 6, 23), "23 bytes a row"),
        (EncodedFrame(4, bytes(144), Encoding.BGR, 0, 6), "said to be 0x6 px"),
        (EncodedFrame(4, bytes(144), Encoding.NV12, 8, 6), "raw NV12; expected raw BGR"),
    ],
)
def test_raw_frame_that_does_not_fit_is_refused(frame: EncodedFrame, words: str) -> None:
    with pytest.raises(InvalidImageError, match=words):
        read_frame(frame)


@pytest.mark.parametrize("name", ["a.png", "new/folder/b.PNG"])
def test_written_picture_can_be_read_again(tmp_path: Path, name: str) -> None:
    write_picture(tmp_path / name, PIXELS)
    assert (read_picture((tmp_path / name).read_bytes()) == PIXELS).all()


@pytest.mark.parametrize(("name", "magic"), [("a.jpg", b"\xff\xd8"), ("a.webp", b"RIFF")])
def test_ending_decides_the_format(tmp_path: Path, name: str, magic: bytes) -> None:
    write_picture(tmp_path / name, PIXELS)
    assert (tmp_path / name).read_bytes().startswith(magic)


@pytest.mark.parametrize("name", ["a.txt", "a", ".png"])
def test_unknown_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"expected a name ending in \.jpg"):
        write_picture(tmp_path / name, PIXELS)
    assert not list(tmp_path.iterdir())


def test_disk_that_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotAvailableError, match=r"cannot write .*a\.png"):
        write_picture(tmp_path / "file" / "a.png", PIXELS)
    (tmp_path / "taken.png").mkdir()
    with pytest.raises(NotAvailableError, match=r"taken\.png: Is a directory"):
        write_picture(tmp_path / "taken.png", PIXELS)


def test_picture_too_large_for_its_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"70000x1 px cannot be stored as \.jpg"):
        write_picture(tmp_path / "long.jpg", np.zeros((1, 70_000, 3), np.uint8))
