"""Fixtures of the sinks' tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sinks.certificates import make_certificates

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """See `make_certificates`."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))
