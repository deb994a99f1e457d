"""How many cores there are for us."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from edgeserve.engines.cpus import available_cpus

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("250000 100000\n", 3),
        ("50000 100000\n", 1),
        ("1000 100000\n", 1),
        ("6400000 100000\n", 8),
        ("", 8),
        ("a quota\n", 8),
        ("100000\n", 8),
    ],
)
def test_affinity_and_quota(quota: str, cores: int, tmp_path: Path) -> None:
    path = tmp_path / "cpu.max"
    path.write_text(quota, encoding="ascii")
    assert available_cpus(path) == cores


def test_no_quota_file_is_no_quota(tmp_path: Path) -> None:
    assert available_cpus(tmp_path / "cpu.max") == 8


def test_affinity_counts_where_it_is_the_smaller(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5})
    path = tmp_path / "cpu.max"
    path.write_text("400000 100000", encoding="ascii")
    assert available_cpus(path) == 1
