"""Folders and files of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeserve.cameras.open import open_source
from edgeserve.domain.errors import ConfigurationError, NotAvailableError
from edgeserve.domain.frame import Encoding

if TYPE_CHECKING:
    from pathlib import Path


def test_folder_gives_its_pictures_by_name_with_their_bytes_unchanged(tmp_path: Path) -> None:
    names = ["b.PNG", "a.jpg", "d.webp", "c.jpeg"]
    for name in names:
        (tmp_path / name).write_bytes(b"bytes of " + name.encode())
    (tmp_path / "notes.txt").write_bytes(b"no picture")
    (tmp_path / "folder.jpg").mkdir()
    with open_source(str(tmp_path), raw=True) as source:
        assert (source.name, source.fps, source.frame_count) == (tmp_path.name, None, 4)
        frames = list(source)
    assert [frame.frame_id for frame in frames] == [0, 1, 2, 3]
    assert [frame.data for frame in frames] == [
        b"bytes of " + name.encode() for name in sorted(names)
    ]
    assert {frame.encoding for frame in frames} == {Encoding.AUTO}


def test_single_picture_can_be_iterated_again(tmp_path: Path) -> None:
    path = tmp_path / "one.Jpeg"
    path.write_bytes(b"one")
    source = open_source(str(path))
    assert source.name == "one.Jpeg"
    assert [frame.data for frame in source] == [b"one"]
    assert [frame.data for frame in source] == [b"one"]


def test_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.jpg").write_bytes(b"not searched")
    with pytest.raises(ConfigurationError, match=r"holds no picture.*\.jpg, \.jpeg, \.png, \.webp"):
        open_source(str(tmp_path))


def test_picture_that_vanishes_is_named(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"x")
    frames = iter(open_source(str(tmp_path)))
    assert next(frames).frame_id == 0
    (tmp_path / "b.jpg").unlink()
    with pytest.raises(NotAvailableError, match=r"b\.jpg cannot be read: No such file"):
        next(frames)
