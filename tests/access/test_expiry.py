"""When certificates end, beside what OpenSSL says of them."""

from __future__ import annotations

import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from edgeserve.access.expiry import expiry_unix_s
from tests.certificates import Authority

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


# The last two lie before and behind 2050, where the form of the date changes.
@pytest.mark.parametrize("days", [-1, 2, 3650, 20_000])
def test_the_end_is_what_openssl_says(authority: Authority, days: int) -> None:
    path, _ = authority.issue("one", days=days)
    command = ["openssl", "x509", "-in", str(path), "-noout", "-enddate"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    expected = ssl.cert_time_to_seconds(said.strip().partition("=")[2])
    assert expiry_unix_s(path.read_bytes()) == expected


def test_of_a_chain_the_first_counts_whatever_stands_before_it(
    authority: Authority, tmp_path: Path
) -> None:
    path, key = authority.issue("first", days=100)
    chain = tmp_path / "chain.pem"
    chain.write_bytes(key.read_bytes() + path.read_bytes() + authority.ca.read_bytes())
    assert expiry_unix_s(chain.read_bytes()) == expiry_unix_s(path.read_bytes())
