"""Pictures of a few bytes that would keep a decoder busy for long."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from edgeserve.domain.errors import InvalidImageError
from edgeserve.domain.frame import ColorOrder, EncodedFrame
from edgeserve.preprocess.decode import decode
from edgeserve.preprocess.jpeg_segments import check_scans
from edgeserve.preprocess.png_chunks import check_png
from tests.fuzz.targets.picture import long_png, lying_png, many_scans
from tests.preprocess.test_header import FORMS, written

SCAN = b"\xff\xda"
MAX_PIXELS = 1_000_000


def decoded(data: bytes) -> np.ndarray:
    return decode(EncodedFrame(0, data), ColorOrder.BGR, MAX_PIXELS).pixels


def test_scans_at_and_over_the_limit() -> None:
    there = many_scans(0).count(SCAN)
    check_scans(many_scans(100 - there))
    with pytest.raises(InvalidImageError, match="has 101 scans; more than 100 are not decoded"):
        decoded(many_scans(101 - there))


def test_a_picture_of_one_scan_may_hold_anything_that_looks_like_scans() -> None:
    data = written("jpeg baseline", 16, 16)
    comment = b"\xff\xfe" + (2 + 2 * 200).to_bytes(2, "big") + SCAN * 200
    assert decoded(data[:2] + comment + data[2:]).shape == (16, 16, 3)


@pytest.mark.parametrize("form", [form for form in FORMS if form.startswith("jpeg")])
def test_what_encoders_write_is_not_counted_as_too_much(form: str) -> None:
    check_scans(written(form, 300, 200))


def test_a_png_that_unpacks_to_more_than_its_rows_is_refused() -> None:
    with pytest.raises(InvalidImageError, match="unpacks to more than its 8x8 px can be"):
        decoded(long_png())


def test_a_png_whose_data_are_damaged_is_left_to_the_decoder() -> None:
    data = long_png()
    check_png(data[:1000] + b"\xff" * 1000 + data[2000:], 8, 8)


def test_a_png_that_says_more_than_it_has_is_refused_before_room_is_made_for_it() -> None:
    with pytest.raises(InvalidImageError, match="cut off or broken at byte 33 of"):
        decoded(lying_png())


def test_a_png_of_nothing_but_chunks_is_given_up() -> None:
    data = written("png", 8, 8)
    empty = b"\0\0\0\0tEXt\0\0\0\0"
    check_png(data[:33] + empty * 60_000 + data[33:], 8, 8)
    with pytest.raises(InvalidImageError, match="more than 65536 chunks"):
        check_png(data[:33] + empty * 70_000 + data[33:], 8, 8)


def test_a_large_png_of_noise_is_decoded() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (500, 500, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    assert len(buffer.getvalue()) > 1 << 19
    np.testing.assert_array_equal(decoded(buffer.getvalue()), noise[..., ::-1])
