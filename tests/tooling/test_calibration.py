from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.calibration import calibration_tensors
from tests.fakes import jpeg

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.catalog.bundle import Bundle


def test_the_servers_own_tensors_the_same_each_time(bundle: Bundle, squares: Path) -> None:
    first = calibration_tensors(squares, bundle.spec.input, 3)
    second = calibration_tensors(squares, bundle.spec.input, 3)
    assert [(one.shape, one.dtype.name) for one in first] == [((1, 64, 64, 3), "uint8")] * 3
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_takes_all_where_there_are_few(bundle: Bundle, squares: Path) -> None:
    assert len(calibration_tensors(squares, bundle.spec.input)) == 8


def test_a_plain_folder_of_pictures(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(64, 32))
    (tensor,) = calibration_tensors(tmp_path, bundle.spec.input)
    assert (tensor[0, :16] == 114).all()
    assert not (tensor[0, 16:48] == 114).all()


def test_no_pictures(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="has no split 'train'"):
        calibration_tensors(tmp_path, bundle.spec.input)
