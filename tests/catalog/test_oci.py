"""Bundles from a real registry, pushed there by another client."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import oras.client
import pytest

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.obtain import obtain
from edgeserve.catalog.source import Source
from edgeserve.domain.errors import ModelNotReadyError, NotAvailableError
from tests.catalog import bundles
from tests.catalog.registry import registry
from tests.catalog.test_archive import tar_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MOST = 1 << 20


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


def push(host: str, name: str, files: Sequence[Path]) -> str:
    """Push files as an artefact; the digest of its manifest."""
    client = oras.client.OrasClient(insecure=True)
    try:
        answer = client.push(
            target=f"{host}/{name}",
            files=[str(file) for file in files],
            disable_path_validation=True,
            quiet=True,
        )
    finally:
        client.session.close()
    digest: str = answer.headers["Docker-Content-Digest"]
    return digest


def test_an_artefact_whose_layers_are_the_files_of_a_bundle(host: str, tmp_path: Path) -> None:
    source = bundles.write(tmp_path / "source")
    digest = push(host, "models/tiny:1", sorted(source.iterdir()))
    for place in (f"{host}/models/tiny:1", f"{host}/models/tiny"):
        cache = tmp_path / hashlib.sha256(place.encode()).hexdigest()
        folder = obtain(Source.read(f"oci://{place}@{digest}"), cache, MOST)
        bundle = Bundle.read(folder)
        bundle.verify()
        assert bundle.manifest.name == "tiny"
        assert folder.name == digest.removeprefix("sha256:")


def test_an_artefact_of_one_layer_is_an_archive(host: str, tmp_path: Path) -> None:
    source = bundles.write(tmp_path / "source")
    archive = tar_of(tmp_path / "t.tar.gz", {p.name: p.read_bytes() for p in source.iterdir()})
    digest = push(host, "packed:1", [archive])
    folder = obtain(Source.read(f"oci://{host}/packed@{digest}"), tmp_path / "cache", MOST)
    Bundle.read(folder).verify()
    assert not list((tmp_path / "cache").rglob("*archive"))


def test_a_pulled_bundle_is_there_without_its_registry(tmp_path: Path) -> None:
    source = bundles.write(tmp_path / "source")
    with registry(tmp_path) as host:
        digest = push(host, "tiny:1", sorted(source.iterdir()))
        pulled = Source.read(f"oci://{host}/tiny@{digest}")
        obtain(pulled, tmp_path / "cache", MOST)
    Bundle.read(obtain(pulled, tmp_path / "cache", MOST)).verify()
    with pytest.raises(NotAvailableError, match=r"cannot be fetched: .*Connection refused"):
        obtain(pulled, tmp_path / "empty", MOST)


def test_a_digest_that_the_registry_does_not_have_is_said(host: str, tmp_path: Path) -> None:
    absent = Source.read(f"oci://{host}/tiny@sha256:{'0' * 64}")
    with pytest.raises(NotAvailableError, match="the registry says 404 Not Found"):
        obtain(absent, tmp_path / "cache", MOST)


def test_layers_over_the_limit_are_refused_before_they_come(host: str, tmp_path: Path) -> None:
    large = tmp_path / "large.onnx"
    large.write_bytes(bytes(MOST + 1))
    small = tmp_path / "model.toml"
    small.write_text("")
    digest = push(host, "large:1", [small, large])
    with pytest.raises(ModelNotReadyError, match="setting max_bundle_mb"):
        obtain(Source.read(f"oci://{host}/large@{digest}"), tmp_path / "cache", MOST)


def test_layers_with_a_path_for_a_title_are_refused(host: str, tmp_path: Path) -> None:
    hidden = tmp_path / ".profile"
    hidden.write_text("")
    digest = push(host, "hidden:1", [hidden])
    with pytest.raises(ModelNotReadyError, match=r"not a file of a bundle: '\.profile'"):
        obtain(Source.read(f"oci://{host}/hidden@{digest}"), tmp_path / "cache", MOST)
