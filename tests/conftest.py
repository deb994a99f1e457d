"""Fixtures that more than one room's tests need."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_DATA = Path(os.environ.get("EDGESERVE_DATA", "../shared/data"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real images, labels and videos that are not part of the project."""
    if not _DATA.is_dir():
        pytest.skip(f"no test data at {_DATA}; set EDGESERVE_DATA")
    return _DATA.resolve()


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the program caches is not left in the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("CACHE_DIRECTORY", raising=False)
        yield
