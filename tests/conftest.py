"""Fixtures that more than one room's tests need."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_DATA = Path(os.environ.get("EDGESERVE_DATA", "../shared/data"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real images, labels and videos that are not part of the project."""
    if not _DATA.is_dir():
        pytest.skip(f"no test data at {_DATA}; set EDGESERVE_DATA")
    return _DATA.resolve()
