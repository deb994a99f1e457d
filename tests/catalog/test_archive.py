"""Bundles out of archives, the good and the hostile."""

from __future__ import annotations

import io
import tarfile
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeserve.catalog.archive import unpack
from edgeserve.catalog.bundle import Bundle
from edgeserve.domain.errors import ModelNotReadyError
from tests.catalog import bundles

if TYPE_CHECKING:
    from pathlib import Path

MOST = 1 << 20


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def tar_of(path: Path, entries: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def zip_of(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("top", ["", "tiny-1/", "./"])
@pytest.mark.parametrize("kind", ["w", "w:gz", "w:xz", "zip"])
def test_a_bundle_comes_out_as_it_went_in(
    kind: str, top: str, tmp_path: Path, target: Path
) -> None:
    source = bundles.write(tmp_path / "source")
    entries = {top + path.name: path.read_bytes() for path in source.iterdir()}
    archive = tmp_path / "bundle"
    if kind == "zip":
        zip_of(archive, entries)
    else:
        tar_of(archive, entries, kind)
    unpack(archive, target, MOST)
    Bundle.read(target).verify()
    assert {p.name: p.read_bytes() for p in target.iterdir()} == {
        p.name: p.read_bytes() for p in source.iterdir()
    }


def test_folders_are_no_files(tmp_path: Path, target: Path) -> None:
    archive = tmp_path / "bundle.tar"
    with tarfile.open(archive, "w") as opened:
        folder = tarfile.TarInfo("tiny")
        folder.type = tarfile.DIRTYPE
        opened.addfile(folder)
        entry = tarfile.TarInfo("tiny/model.toml")
        entry.size = 1
        opened.addfile(entry, io.BytesIO(b"x"))
    unpack(archive, target, MOST)
    assert [path.name for path in target.iterdir()] == ["model.toml"]


@pytest.mark.parametrize(
    "entries",
    [
        {"../out": b"x"},
        {"/etc/out": b"x", "a": b"x"},
        {"a": b"x", "deeper/b": b"x"},
        {".hidden": b"x"},
        {"a\\..\\b": b"x"},
        {"..": b"x"},
        {"a\n": b"x"},
    ],
)
def test_no_path_of_an_archive_is_followed(
    entries: dict[str, bytes], tmp_path: Path, target: Path
) -> None:
    before = set(tmp_path.rglob("*"))
    for archive in (tar_of(tmp_path / "b.tar.gz", entries), zip_of(tmp_path / "b.zip", entries)):
        with suppress(ModelNotReadyError):  # or the folder before the name is dropped
            unpack(archive, target, MOST)
        archive.unlink()
    outside = set(tmp_path.rglob("*")) - before - set(target.iterdir())
    assert outside == set()
    assert all(path.is_file() and path.name[0].isalnum() for path in target.iterdir())


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
def test_links_and_devices_are_refused(kind: bytes, tmp_path: Path, target: Path) -> None:
    archive = tmp_path / "b.tar"
    with tarfile.open(archive, "w") as opened:
        entry = tarfile.TarInfo("model.toml")
        entry.type = kind
        entry.linkname = "/etc/passwd"
        opened.addfile(entry)
    with pytest.raises(ModelNotReadyError, match=r"model\.toml is a link or a device"):
        unpack(archive, target, MOST)
    assert list(target.iterdir()) == []


def test_a_link_in_a_zip_is_refused(tmp_path: Path, target: Path) -> None:
    archive = tmp_path / "b.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        entry = zipfile.ZipInfo("model.toml")
        entry.external_attr = 0o120777 << 16
        opened.writestr(entry, "/etc/passwd")
    with pytest.raises(ModelNotReadyError, match="is encrypted, a link or a device"):
        unpack(archive, target, MOST)


def test_what_is_small_packed_and_large_unpacked_is_refused(tmp_path: Path, target: Path) -> None:
    zeros = {"model.onnx": bytes(3 * MOST)}
    for archive in (tar_of(tmp_path / "b.tar.gz", zeros), zip_of(tmp_path / "b.zip", zeros)):
        assert archive.stat().st_size < MOST / 10
        with pytest.raises(ModelNotReadyError, match=r"more than 1 MB \(setting max_bundle_mb\)"):
            unpack(archive, target, MOST)
        (target / "model.onnx").unlink()


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path, target: Path) -> None:
    archive = tmp_path / "b.tar"
    with tarfile.open(archive, "w") as opened:
        for _ in range(2):
            opened.addfile(tarfile.TarInfo("model.toml"))
    with pytest.raises(ModelNotReadyError, match="it holds a file twice"):
        unpack(archive, target, MOST)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_archive_is_refused_or_unpacked_never_more(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    entries = {"model.toml": b"format = 1", "model.onnx": bytes(range(256))}
    kinds = (tar_of(folder / "a", entries), zip_of(folder / "b", entries))
    content = bytearray(data.draw(st.sampled_from(kinds)).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    archive, target = folder / "damaged", folder / "target"
    archive.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    target.mkdir()
    with suppress(ModelNotReadyError):
        unpack(archive, target, MOST)
    assert sum(path.stat().st_size for path in target.iterdir()) <= MOST
