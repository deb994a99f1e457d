"""Bundles from folders, archives and URLs; what was fetched once is there without a network."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.obtain import install, obtain
from edgeserve.catalog.repository import Repository
from edgeserve.catalog.source import Source
from edgeserve.domain.errors import ModelNotReadyError, NotAvailableError
from tests.catalog import bundles
from tests.catalog.test_archive import tar_of
from tests.catalog.web import web_server

if TYPE_CHECKING:
    from pathlib import Path

MOST = 1 << 20


def packed(folder: Path, name: str = "tiny.tar.gz") -> tuple[Path, str]:
    """An archive of a whole bundle, and its sha256."""
    source = bundles.write(folder / "source")
    archive = tar_of(folder / name, {f"t/{p.name}": p.read_bytes() for p in source.iterdir()})
    return archive, hashlib.sha256(archive.read_bytes()).hexdigest()


def test_a_folder_is_used_where_it_lies(tmp_path: Path) -> None:
    folder = bundles.write(tmp_path / "source")
    assert obtain(Source.read(str(folder)), tmp_path / "cache", MOST) == folder
    assert not (tmp_path / "cache").exists()


def test_an_archive_is_unpacked_once(tmp_path: Path) -> None:
    archive, sha256 = packed(tmp_path)
    cache = tmp_path / "cache"
    folder = obtain(Source.read(str(archive)), cache, MOST)
    Bundle.read(folder).verify()
    assert folder.name == sha256
    written = (folder / "model.toml").stat().st_mtime_ns
    assert obtain(Source.read(f"{archive}#sha256={sha256}"), cache, MOST) == folder
    assert (folder / "model.toml").stat().st_mtime_ns == written
    assert list(folder.parent.iterdir()) == [folder]


def test_a_url_is_fetched_once_and_then_there_without_its_server(tmp_path: Path) -> None:
    archive, sha256 = packed(tmp_path)
    with web_server(tmp_path) as (url, asked):
        source = Source.read(f"{url}/{archive.name}#sha256={sha256}")
        folder = obtain(source, tmp_path / "cache", MOST)
        assert obtain(source, tmp_path / "cache", MOST) == folder
        assert asked == ["/tiny.tar.gz"]
    Bundle.read(obtain(source, tmp_path / "cache", MOST)).verify()


def test_another_file_than_the_pinned_one_is_refused_and_not_kept(tmp_path: Path) -> None:
    archive, sha256 = packed(tmp_path)
    cache, wrong = tmp_path / "cache", "0" * 64
    with web_server(tmp_path) as (url, _):
        for place in (f"{url}/{archive.name}", str(archive)):
            said = f"its sha256 is {sha256}, and {wrong} was asked for"
            with pytest.raises(ModelNotReadyError, match=said):
                obtain(Source.read(f"{place}#sha256={wrong}"), cache, MOST)
    assert list((cache / "bundles").iterdir()) == []


def test_a_download_larger_than_the_limit_is_refused(tmp_path: Path) -> None:
    archive, sha256 = packed(tmp_path)
    with web_server(tmp_path) as (url, _):
        source = Source.read(f"{url}/{archive.name}#sha256={sha256}")
        with pytest.raises(ModelNotReadyError, match=r"larger than .* \(setting max_bundle_mb\)"):
            obtain(source, tmp_path / "cache", 100)


def test_what_cannot_be_fetched_is_said_with_its_reason(tmp_path: Path) -> None:
    with web_server(tmp_path) as (url, _):
        source = Source.read(f"{url}/absent.zip#sha256={'0' * 64}")
        with pytest.raises(NotAvailableError, match=r"absent\.zip .* says 404 File not found"):
            obtain(source, tmp_path / "cache", MOST)
    with pytest.raises(NotAvailableError, match="Connection refused"):
        obtain(source, tmp_path / "cache", MOST)
    with pytest.raises(NotAvailableError, match="cannot be read: No such file"):
        obtain(Source.read(str(tmp_path / "absent.zip")), tmp_path / "cache", MOST)


def test_an_archive_of_something_else_is_no_bundle(tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "other.tar", {"readme": b"x"}, "w")
    with pytest.raises(ModelNotReadyError, match=r"there is no model\.toml in it"):
        obtain(Source.read(str(archive)), tmp_path / "cache", MOST)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    archive, _ = packed(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(NotAvailableError, match=r"cannot be kept in .*file/bundles"):
        obtain(Source.read(str(archive)), tmp_path / "file", MOST)


def test_install_puts_a_bundle_where_the_repository_finds_it(tmp_path: Path) -> None:
    archive, _ = packed(tmp_path)
    models, cache = tmp_path / "models", tmp_path / "cache"
    bundle = install(Source.read(str(archive)), cache, models, MOST)
    assert bundle.folder == models / "tiny" / "1"
    Repository(models).find("tiny", "1").verify()
    # Again is no fault; another bundle under the same version is.
    install(Source.read(str(archive)), cache, models, MOST)
    other = bundles.write(
        tmp_path / "other", bundles.manifest("tiny", "1", (("for tests", "another"),))
    )
    with pytest.raises(NotAvailableError, match="is there already and is another bundle"):
        install(Source.read(str(other)), cache, models, MOST)
    assert [path.name for path in models.iterdir()] == ["tiny"]


def test_install_refuses_a_bundle_with_a_damaged_file(tmp_path: Path) -> None:
    folder = bundles.write(tmp_path / "source")
    (folder / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(ModelNotReadyError, match="the file is damaged or was changed"):
        install(Source.read(str(folder)), tmp_path / "cache", tmp_path / "models", MOST)
    assert not (tmp_path / "models").exists()


def test_what_is_being_written_is_no_bundle_yet(tmp_path: Path) -> None:
    bundles.write(tmp_path / ".new-x" / "bundle")
    bundles.write(tmp_path / "tiny" / ".new-y")
    assert Repository(tmp_path).bundles() == []
