"""Compiled models on disk."""

from __future__ import annotations

import logging
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.repository import shipped_dir
from edgeserve.engines.cache import compile_cache
from edgeserve.engines.openvino import OpenVinoRuntime
from edgeserve.engines.options import EngineOptions, default_cache_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeserve.engines.protocol import Engine

SPEC = Bundle.read(shipped_dir() / "road-csp-tiny").spec


def options_of(folder: Path, max_cache_mb: int = 512) -> EngineOptions:
    return EngineOptions(cache_dir=folder, max_cache_mb=max_cache_mb, threads=2)


def load(options: EngineOptions) -> Engine:
    pytest.importorskip("openvino")
    (file,) = (f for f in SPEC.files if "openvino" in f.runtimes and f.precision == "int8")
    engine = OpenVinoRuntime().load(file, "CPU", options, SPEC.input)
    outputs = engine.create_request().infer(np.full((1, 320, 320, 3), 114, dtype=np.uint8))
    assert all(np.isfinite(values).all() for values in outputs.values())
    return engine


def old_file(path: Path, size_bytes: int, age: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size_bytes))
    os.utime(path, (1_000_000_000 - age, 1_000_000_000 - age))
    return path


def test_what_was_compiled_is_found_the_next_time(tmp_path: Path) -> None:
    load(options_of(tmp_path))
    (blob,) = (tmp_path / "compiled" / "openvino").glob("*.blob")
    written_ns = blob.stat().st_mtime_ns
    assert load(options_of(tmp_path)).precision == "int8"
    assert [blob] == list(blob.parent.iterdir())
    assert blob.stat().st_mtime_ns == written_ns


def test_a_damaged_file_is_compiled_anew(tmp_path: Path) -> None:
    load(options_of(tmp_path))
    (blob,) = (tmp_path / "compiled" / "openvino").glob("*.blob")
    blob.write_bytes(blob.read_bytes()[:20_000])
    assert load(options_of(tmp_path)).precision == "int8"


def test_the_oldest_are_deleted_and_nothing_that_is_not_ours(tmp_path: Path) -> None:
    folder = tmp_path / "compiled" / "openvino"
    oldest = old_file(folder / "1.blob", 1 << 20, age=3)
    older = old_file(tmp_path / "compiled" / "onnxruntime" / "2.engine", 1 << 20, age=2)
    newer = old_file(folder / "3.cl_cache", 1 << 20, age=1)
    foreign = [
        old_file(tmp_path / "compiled" / "thesis.tex", 1 << 20, age=9),
        old_file(tmp_path / "photo.blob", 1 << 20, age=9),
    ]
    with compile_cache(options_of(tmp_path, max_cache_mb=2), "openvino") as given:
        assert given == folder
        assert [oldest.exists(), older.exists(), newer.exists()] == [False, True, True]
        fresh = folder / "4.blob"
        fresh.write_bytes(bytes(1 << 20))
    assert [older.exists(), newer.exists(), fresh.exists()] == [False, True, True]
    assert all(path.exists() for path in foreign)


def test_zero_megabytes_are_no_cache(tmp_path: Path) -> None:
    load(options_of(tmp_path, max_cache_mb=0))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_warning(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A file in its place: root may write into any folder, whatever its mode."""
    path = tmp_path / "file"
    path.touch()
    assert load(options_of(path)).precision == "int8"
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert str(path) in record.getMessage()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    made = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(made, check=False, capture_output=True).returncode:
        pytest.skip("a disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 - wherever it is


def test_a_full_disk_is_a_warning(tiny_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert load(options_of(tiny_disk)).precision == "int8"
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "32 MB are wanted" in record.getMessage()


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"CACHE_DIRECTORY": "/var/cache/edgeserve:/var/cache/other"}, "/var/cache/edgeserve"),
        ({"XDG_CACHE_HOME": "/home/me/cache"}, "/home/me/cache/edgeserve"),
        ({"HOME": "/home/me"}, "/home/me/.cache/edgeserve"),
    ],
)
def test_the_default_is_the_units_or_the_users_cache(
    environment: dict[str, str],
    folder: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("CACHE_DIRECTORY", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert default_cache_dir() == Path(folder)
