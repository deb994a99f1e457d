"""Videos: written here, and the shared ones where they are."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import simplejpeg

from edgeserve.cameras.open import open_source
from edgeserve.domain.errors import ConfigurationError
from edgeserve.domain.frame import Encoding

WIDTH_PX, HEIGHT_PX, FRAMES, FPS = 64, 48, 12, 10.0
_DATA = Path(os.environ.get("EDGESERVE_DATA", "../shared/data"))


def _brightness(number: int) -> int:
    return 10 + 20 * number


@pytest.fixture(params=[("clip.mp4", "mp4v"), ("clip.avi", "MJPG")], ids=["mp4v", "MJPG"])
def video(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Frames that grow brighter: the order can be told from the pixels."""
    name, codec = request.param
    path = tmp_path.joinpath(str(name))
    fourcc = cv2.VideoWriter.fourcc(*codec)
    writer = cv2.VideoWriter(str(path), fourcc, FPS, (WIDTH_PX, HEIGHT_PX))
    assert writer.isOpened()
    for number in range(FRAMES):
        writer.write(np.full((HEIGHT_PX, WIDTH_PX, 3), _brightness(number), np.uint8))
    writer.release()
    return path


def test_raw_frames_come_complete_and_in_order(video: Path) -> None:
    with open_source(str(video), raw=True) as source:
        assert (source.name, source.fps, source.frame_count) == (video.name, FPS, FRAMES)
        frames = list(source)
    assert [frame.frame_id for frame in frames] == list(range(FRAMES))
    for frame in frames:
        assert frame.encoding is Encoding.BGR
        assert (frame.width_px, frame.height_px) == (WIDTH_PX, HEIGHT_PX)
        pixels = np.frombuffer(frame.data, np.uint8).reshape(HEIGHT_PX, WIDTH_PX, 3)
        assert abs(pixels.mean() - _brightness(frame.frame_id)) < 5


def test_jpeg_frames_show_what_the_raw_ones_hold(video: Path) -> None:
    source = open_source(str(video), jpeg_quality=95)
    frames = list(source)
    assert len(frames) == FRAMES
    for frame in frames:
        assert frame.encoding is Encoding.JPEG
        pixels = simplejpeg.decode_jpeg(frame.data, colorspace="BGR")
        assert pixels.shape == (HEIGHT_PX, WIDTH_PX, 3)
        assert abs(pixels.mean() - _brightness(frame.frame_id)) < 5


def test_channels_are_blue_green_red(tmp_path: Path) -> None:
    path = tmp_path / "blue.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (64, 48))
    writer.write(np.full((48, 64, 3), (230, 20, 20), np.uint8))
    writer.release()
    (raw,) = open_source(str(path), raw=True)
    (packed,) = open_source(str(path))
    blue, _, red = np.frombuffer(raw.data, np.uint8).reshape(-1, 3).mean(axis=0)
    assert blue > 200
    assert red < 60
    blue, _, red = simplejpeg.decode_jpeg(packed.data, colorspace="BGR").mean(axis=(0, 1))
    assert blue > 200
    assert red < 60


def test_second_iteration_starts_at_the_first_frame(video: Path) -> None:
    source = open_source(str(video), raw=True)
    iterator = iter(source)
    first = next(iterator)
    next(iterator)
    assert next(iter(source)) == first


def test_name_with_a_colon_is_a_file_and_no_protocol(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video.rename(video.with_name("cam:1.avi"))
    monkeypatch.chdir(video.parent)
    assert len(list(open_source("cam:1.avi"))) == FRAMES


def test_video_without_a_frame_that_decodes_is_an_error(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_source(str(video))
    monkeypatch.setattr(cv2.VideoCapture, "read", lambda _: (False, None), raising=True)
    with pytest.raises(ConfigurationError, match="not one frame of the video") as caught:
        list(source)
    assert str(video) in str(caught.value)


@pytest.mark.skipif(not (_DATA / "media").is_dir(), reason=f"no shared media under {_DATA}")
def test_shared_video_has_its_size_and_rate() -> None:
    with open_source(str(_DATA / "media" / "car-detection.mp4"), raw=True, limit=3) as source:
        assert source.fps == pytest.approx(12.5)
        frames = list(source)
    assert [(f.frame_id, f.width_px, f.height_px) for f in frames] == [
        (number, 768, 432) for number in range(3)
    ]
    assert all(len(frame.data) == 768 * 432 * 3 for frame in frames)
