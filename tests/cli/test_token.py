"""`edgeserve token`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from edgeserve.access.rights import Right
from edgeserve.access.token_file import read_tokens
from edgeserve.access.tokens import PREFIX, digest_of
from edgeserve.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the environment names."""
    monkeypatch.setenv("EDGESERVE_TOKENS_FILE", str(tmp_path / "tokens"))
    return tmp_path / "tokens"


def test_a_token_is_printed_once_listed_without_itself_and_revoked(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["token", "create", "gate", "--rights", "infer+watch"]) == 0
    token = capsys.readouterr().out.strip()
    assert token.startswith(PREFIX)
    (entry,) = read_tokens(path)
    assert entry.digest == digest_of(token)
    assert entry.rights == {Right.INFER, Right.WATCH}
    assert run(["token", "list"]) == 0
    listed = capsys.readouterr().out
    assert listed.split() == ["NAME", "RIGHTS", "gate", "infer+watch"]
    assert run(["token", "revoke", "gate"]) == 0
    assert read_tokens(path) == ()


def test_json_has_the_token_only_where_it_is_made(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["token", "create", "gate", "--json=-"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["name"], made["rights"]) == ("gate", ["infer"])
    assert run(["token", "list", "--json=-"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "tokens": [{"name": "gate", "rights": ["infer"]}]
    }
    assert made["token"] not in path.read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["create", "gate", "--rights", "look"], "'look' are no rights"),
        (["create", "gate", "--rights", ""], "a token without rights opens nothing"),
        (["create", "ga:te"], "'ga:te' is no name for a token"),
        (["revoke", "gate"], "tokens_file: .* cannot be read"),
    ],
)
def test_what_is_wrong_is_told_and_ends_with_2(
    path: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["token", *words]) == 2
    assert re.search(told, capsys.readouterr().err)
    assert not path.exists()


def test_without_a_file_it_says_how_to_name_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EDGESERVE_TOKENS_FILE", raising=False)
    assert run(["token", "list"]) == 2
    assert "--tokens-file" in capsys.readouterr().err
