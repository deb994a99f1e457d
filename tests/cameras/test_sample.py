"""The embedded sample."""

from __future__ import annotations

from importlib import resources
from itertools import pairwise

import numpy as np
import pytest
import simplejpeg

from edgeserve.cameras import sample
from edgeserve.cameras.form import Form
from edgeserve.cameras.open import open_source
from edgeserve.domain.frame import EncodedFrame, Encoding

_MAX_BYTES = 400_000


@pytest.fixture(scope="module")
def frames() -> list[EncodedFrame]:
    with open_source("sample") as source:
        return list(source)


def test_every_frame_is_a_jpeg_of_640_by_480(frames: list[EncodedFrame]) -> None:
    source = open_source("sample")
    assert (source.name, source.fps, source.frame_count) == ("sample", 15.0, len(frames))
    assert len(frames) == 120
    assert [frame.frame_id for frame in frames] == list(range(120))
    for frame in frames:
        assert frame.encoding is Encoding.JPEG
        height, width, *_ = simplejpeg.decode_jpeg_header(frame.data)
        assert (width, height) == (640, 480)


def test_same_bytes_each_time_and_no_frame_twice(frames: list[EncodedFrame]) -> None:
    assert list(open_source("sample")) == frames
    assert len({frame.data for frame in frames}) == len(frames)


def test_raw_frames_hold_the_same_pictures(frames: list[EncodedFrame]) -> None:
    for packed, raw in zip(frames[::39], list(sample.Sample(Form(raw=True)))[::39], strict=True):
        pixels = np.frombuffer(raw.data, np.uint8).reshape(480, 640, 3).astype(int)
        decoded = simplejpeg.decode_jpeg(packed.data, colorspace="BGR")
        assert np.abs(pixels - decoded).mean() < 4


def test_camera_moves_smoothly_within_a_photograph() -> None:
    grey = [
        np.frombuffer(frame.data, np.uint8).reshape(480, 640, 3).mean(axis=2)
        for frame in sample.Sample(Form(raw=True))
    ]
    changes = np.array([np.abs(a - b).mean() for a, b in pairwise(grey)])
    cuts = [39, 79]
    within = np.delete(changes, cuts)
    assert within.max() < 15
    assert changes[cuts].min() > 30


@pytest.mark.parametrize("name", sorted(sample._MOVES))
def test_view_stays_inside_the_photograph(name: str) -> None:
    height_px, width_px = sample._load(name).shape[:2]
    for view in sample._MOVES[name]:
        half_width = view.width / 2
        half_height = half_width * sample.HEIGHT_PX / sample.WIDTH_PX
        assert view.centre_x - half_width >= 0
        assert view.centre_x + half_width <= width_px
        assert view.centre_y - half_height >= 0
        assert view.centre_y + half_height <= height_px


def test_view_shows_the_part_of_the_photograph_that_it_says() -> None:
    y, x = np.mgrid[:400, :500]
    photograph = np.stack([x // 2, y // 2, 0 * x], axis=-1).astype(np.uint8)
    pixels = sample._look(photograph, sample._View(centre_x=250, centre_y=200, width=320))
    # Pixel centres: x 90.25 to 409.75 and y 80.25 to 319.75, then halved.
    assert pixels[240, 0, 0] == pytest.approx(90 / 2, abs=1)
    assert pixels[240, -1, 0] == pytest.approx(409 / 2, abs=1)
    assert pixels[0, 320, 1] == pytest.approx(80 / 2, abs=1)
    assert pixels[-1, 320, 1] == pytest.approx(319 / 2, abs=1)


def test_each_photograph_is_credited_and_all_are_small() -> None:
    folder = resources.files("edgeserve.cameras") / "sample"
    credit = (folder / "CREDITS.md").read_text(encoding="utf-8")
    photographs = [file for file in folder.iterdir() if file.name.endswith(".jpg")]
    assert {file.name for file in photographs} == {f"{name}.jpg" for name in sample._MOVES}
    assert all(f"## {file.name}" in credit for file in photographs)
    assert sum(len(file.read_bytes()) for file in photographs) <= _MAX_BYTES
