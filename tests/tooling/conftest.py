"""A model and data that the tools can work on in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tooling import synthetic

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.catalog.bundle import Bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle with an FP32 form that finds every square. Not to be changed."""
    return synthetic.write_bundle(tmp_path_factory.mktemp("bundles") / "synthetic")


@pytest.fixture(scope="session")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its data set. Not to be changed."""
    data = tmp_path_factory.mktemp("data") / "squares"
    synthetic.write_data(data)
    return data
