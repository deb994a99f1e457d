"""Format and size of a picture, read before a decoder sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.domain.errors import InvalidImageError
from edgeserve.preprocess.header import count_pixels, read_header
from edgeserve.preprocess.jpeg_segments import check_scans
from tests.fuzz.target import Target, check_told
from tests.preprocess.test_header import FORMS, written

if TYPE_CHECKING:
    from collections.abc import Mapping


def run(data: bytes) -> None:
    try:
        header = read_header(data)
    except InvalidImageError as error:
        check_told(error)
        assert count_pixels(data, 0, 0, raw=False) == 0
        return
    pixels = header.width_px * header.height_px
    assert pixels > 0
    assert count_pixels(data, 1, 1, raw=False) == pixels
    try:
        check_scans(data)
    except InvalidImageError as error:
        check_told(error)


def seeds() -> Mapping[str, bytes]:
    return {form: written(form, 9, 7) for form in FORMS if form != "jpeg with icc"}


TARGET = Target(run, seeds)
