"""What a client shows, wherever it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeserve.client import Credentials
from edgeserve.client.credentials import credentials_from
from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_environment_says_what_the_flags_would() -> None:
    assert credentials_from({}) == Credentials()
    given = {"EDGESERVE_CA": "ca.pem", "EDGESERVE_TOKEN": "secret\n", "EDGESERVE_TLS": "0"}
    assert credentials_from(given) == Credentials(ca="ca.pem", token="secret")  # noqa: S106
    file = given | {"EDGESERVE_TOKEN_FILE": "mine"}
    assert credentials_from(file) == Credentials(ca="ca.pem", token_file="mine")  # noqa: S106
    assert credentials_from({"EDGESERVE_TLS": "1"}).encrypted


def test_a_file_is_read_each_time_and_an_empty_one_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "mine"
    credentials = Credentials(token_file=file)
    for token in ("one", "two"):
        file.write_text(f"{token}\n")
        assert credentials.metadata() == (("authorization", f"Bearer {token}"),)
    file.write_text("\n")
    with pytest.raises(ConfigurationError, match="mine is empty"):
        credentials.metadata()
    file.unlink()
    with pytest.raises(ConfigurationError, match="mine cannot be read"):
        credentials.metadata()


def test_who_shows_nothing_sends_nothing_and_a_token_is_not_printed() -> None:
    assert Credentials().metadata() == ()
    assert "secret" not in repr(Credentials(token="secret"))  # noqa: S106


def test_a_token_and_a_file_with_one_are_one_too_many() -> None:
    both = Credentials(token="secret", token_file="mine")  # noqa: S106
    with pytest.raises(ConfigurationError, match="expected one of them"):
        both.channel_credentials()
