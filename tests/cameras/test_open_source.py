"""What `open_source` takes and how it refuses the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeserve.cameras.open import open_source
from edgeserve.cameras.pictures import Pictures
from edgeserve.cameras.sample import Sample
from edgeserve.domain.errors import ConfigurationError, NotAvailableError

if TYPE_CHECKING:
    from pathlib import Path


def test_missing_path_is_named_with_what_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "gone.mp4"
    with pytest.raises(NotAvailableError) as caught:
        open_source(str(path))
    text = str(caught.value)
    assert str(path) in text
    assert "No such file" in text
    assert "`sample`" in text


def test_an_unknown_scheme_is_refused_without_repeating_its_password() -> None:
    with pytest.raises(ConfigurationError, match=r"ftp:// are not read") as caught:
        open_source("ftp://admin:hunter2@10.0.0.7/stream1")
    assert "hunter2" not in str(caught.value)
    assert "rtsp:// or http://" in str(caught.value)


@pytest.mark.parametrize("url", ["", "a\0b"])
def test_what_cannot_be_a_path_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="is no path"):
        open_source(url)


def test_device_file_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="/dev/null is neither a file nor a folder"):
        open_source("/dev/null")


@pytest.mark.parametrize("content", [b"", b"hello\n", bytes(range(256)) * 100])
def test_file_that_is_neither_picture_nor_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"neither a picture .* nor a video") as caught:
        open_source(str(path))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_jpeg_quality_out_of_range_is_refused(quality: int) -> None:
    with pytest.raises(ConfigurationError, match=f"jpeg_quality is {quality}; expected 1 to 100"):
        open_source("sample", jpeg_quality=quality)


def test_sample_is_the_embedded_one_and_a_folder_of_that_name_is_reached_by_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"a")
    monkeypatch.chdir(tmp_path)
    assert isinstance(open_source("sample"), Sample)
    assert isinstance(open_source("./sample"), Pictures)


@pytest.mark.parametrize(("limit", "expected"), [(1, 1), (3, 3), (9, 5)])
def test_limit_ends_early(tmp_path: Path, limit: int, expected: int) -> None:
    for number in range(5):
        (tmp_path / f"{number}.jpg").write_bytes(bytes([number]))
    with open_source(str(tmp_path), limit=limit) as source:
        assert source.frame_count == expected
        assert [frame.data for frame in source] == [bytes([n]) for n in range(expected)]


@pytest.mark.parametrize("limit", [0, -1])
def test_limit_below_one_is_refused(limit: int) -> None:
    with pytest.raises(ConfigurationError, match=f"the limit is {limit} frames"):
        open_source("sample", limit=limit)
