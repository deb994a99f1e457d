from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.repository import shipped_dir
from edgeserve.checks.golden import Golden, read_golden
from edgeserve.domain.errors import ConfigurationError
from tests.fuzz.targets.golden import TARGET

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def golden() -> Golden:
    bundle = Bundle.read(shipped_dir() / "road-csp-tiny")
    assert bundle.manifest.golden is not None
    return read_golden(bundle.folder / bundle.manifest.golden.path)


def test_each_picture_has_what_was_found_in_it(golden: Golden) -> None:
    assert len(golden.pictures) == len(golden.detections) == 6
    assert all(picture.startswith(b"\xff\xd8") for picture in golden.pictures)
    for found in golden.detections:
        assert found.boxes_xyxy.shape == (len(found), 4)
        assert (np.diff(found.scores) <= 0).all()
        assert (found.scores >= golden.selection.score_threshold).all()


@pytest.mark.parametrize(
    ("count", "kept"), [(3, [0, 2, 4]), (6, [0, 1, 2, 3, 4, 5]), (4, [0, 2, 4])]
)
def test_a_few_are_spread_over_all(golden: Golden, count: int, kept: list[int]) -> None:
    few = golden.spread(count)
    assert few.pictures == tuple(golden.pictures[index] for index in kept)
    assert [len(one) for one in few.detections] == [len(golden.detections[i]) for i in kept]


def test_what_is_no_golden_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "golden.npz"
    with pytest.raises(ConfigurationError, match=r"golden\.npz: not a golden file"):
        read_golden(path)
    path.write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ConfigurationError, match=r"golden\.npz: not a golden file"):
        read_golden(path)
    np.savez(path, format=np.int64(1))
    with pytest.raises(ConfigurationError, match="picture_ends"):
        read_golden(path)
    np.savez(path, format=np.int64(2))
    with pytest.raises(ConfigurationError, match="it is of format 2"):
        read_golden(path)


@pytest.mark.parametrize("what", TARGET.found())
def test_more_than_there_is_room_for_is_refused(what: str, tmp_path: Path) -> None:
    path = tmp_path / "golden.npz"
    path.write_bytes(TARGET.found()[what])
    with pytest.raises(ConfigurationError, match=r"golden\.npz: not a golden file.*at most"):
        read_golden(path)


class _Opened:
    """What a pickle may do when it is opened."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return type(self._mark).touch, (self._mark,)


def test_a_pickle_in_it_is_not_opened(tmp_path: Path) -> None:
    mark, path = tmp_path / "opened", tmp_path / "golden.npz"
    np.savez(path, format=np.array([_Opened(mark)], dtype=object))
    with pytest.raises(ConfigurationError, match="not a golden file"):
        read_golden(path)
    assert not mark.exists()
    with np.load(path, allow_pickle=True) as arrays:
        assert arrays["format"].shape == (1,)
    assert mark.exists()
