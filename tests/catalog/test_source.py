"""What an operator writes to name a bundle that lies elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeserve.catalog.source import Kind, Source, is_source
from edgeserve.domain.errors import ConfigurationError

SHA = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("./tiny", Source(Kind.PATH, "tiny")),
        ("/srv/tiny.tar.gz", Source(Kind.PATH, "/srv/tiny.tar.gz")),
        (f"/srv/tiny.zip#sha256={SHA}", Source(Kind.PATH, "/srv/tiny.zip", SHA)),
        ("~/tiny", Source(Kind.PATH, str(Path.home() / "tiny"))),
        (f"https://h/t.zip?a=b#sha256={SHA}", Source(Kind.HTTP, "https://h/t.zip?a=b", SHA)),
        (f"http://h:8/t.tar#sha256={SHA}", Source(Kind.HTTP, "http://h:8/t.tar", SHA)),
        (f"oci://h:5000/m/t:1@sha256:{SHA}", Source(Kind.OCI, "h:5000/m/t:1", SHA)),
    ],
)
def test_sources(text: str, source: Source) -> None:
    assert is_source(text)
    assert Source.read(text) == source


@pytest.mark.parametrize(
    "text",
    [
        "https://h/t.zip",
        "https://h/t.zip#sha256=abc",
        f"https://h/t.zip#md5={SHA}",
        "oci://h/t:1",
        f"oci://h/t@sha512:{SHA}",
        "/srv/tiny.zip#sha256=abc",
        f"https://h/t.zip#sha256={SHA.upper()}",
    ],
)
def test_a_download_without_its_checksum_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="names no sha256"):
        Source.read(text)


@pytest.mark.parametrize("text", [f"ftp://h/t#sha256={SHA}", f"file:///t#sha256={SHA}"])
def test_other_schemes_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is no source of a bundle; expected a folder"):
        Source.read(text)


@pytest.mark.parametrize("text", ["road-csp-tiny", "road-csp-tiny:1", "tiny:2025-10"])
def test_names_are_no_sources(text: str) -> None:
    assert not is_source(text)
