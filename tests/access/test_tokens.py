"""The tokens file: what it holds, and who changes it when."""

from __future__ import annotations

import stat
import threading
from typing import TYPE_CHECKING

import pytest

from edgeserve.access.rights import Right
from edgeserve.access.token_file import TokenFile, create_token, read_tokens, revoke_token
from edgeserve.access.tokens import digest_of, find_token, parse_tokens, write_tokens
from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

INFER = frozenset({Right.INFER})


def test_the_file_holds_a_hash_and_not_the_token(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    token = create_token(path, "gate", frozenset({Right.WATCH, Right.INFER}))
    text = path.read_text()
    assert text == f"gate:infer+watch:{digest_of(token)}\n"
    assert token not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_token_is_found_by_its_hash_and_another_is_not(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    tokens = {name: create_token(path, name, INFER) for name in ("a", "b", "c")}
    entries = read_tokens(path)
    for name, token in tokens.items():
        found = find_token(entries, digest_of(token))
        assert found is not None
        assert found.name == name
    assert len(set(tokens.values())) == 3
    assert find_token(entries, digest_of(tokens["a"] + "x")) is None
    assert find_token(entries, "") is None


def test_a_revoked_token_is_gone_and_the_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    create_token(path, "a", INFER)
    create_token(path, "b", INFER)
    path.chmod(0o640)
    revoke_token(path, "a")
    assert [entry.name for entry in read_tokens(path)] == ["b"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    with pytest.raises(ConfigurationError, match="has no token 'a'; it has: b"):
        revoke_token(path, "a")


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    create_token(path, "a", INFER)
    with pytest.raises(ConfigurationError, match="revoke it first"):
        create_token(path, "a", INFER)


def test_commands_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    threads = [
        threading.Thread(target=create_token, args=(path, f"n{number}", INFER))
        for number in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {entry.name for entry in read_tokens(path)} == {f"n{number}" for number in range(16)}
    assert [found.name for found in tmp_path.iterdir()] == ["tokens"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("gate:infer", "line 2: expected NAME:RIGHTS:SHA256"),
        ("gate:look:" + "0" * 64, "line 2: 'look' are no rights"),
        ("gate:infer:" + "0" * 63, "line 2: the last field of gate is no SHA-256"),
        ("ga te:infer:" + "0" * 64, "line 2: 'ga te' is no name"),
        ("ok:infer:" + "0" * 64, "ok is there more than once"),
    ],
)
def test_a_wrong_line_is_named_and_its_hash_not_shown(line: str, told: str) -> None:
    good = "ok:infer:" + "1" * 64 + "\n"
    with pytest.raises(ConfigurationError, match=told) as caught:
        parse_tokens(good + line, "tokens")
    assert "0000" not in str(caught.value)


def test_comments_and_empty_lines_are_passed_over() -> None:
    entries = parse_tokens("# ours\n\nok:infer:" + "1" * 64 + "\n", "tokens")
    assert parse_tokens(write_tokens(entries), "again") == entries


def test_a_file_that_anybody_may_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    create_token(path, "a", INFER)
    path.chmod(0o666)
    with pytest.raises(ConfigurationError, match="chmod o-w"):
        read_tokens(path)


def test_what_is_broken_later_changes_nothing_until_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    create_token(path, "a", INFER)
    tokens = TokenFile(path)
    assert not tokens.reload()
    before = path.read_text()
    path.write_text("nonsense")
    with pytest.raises(ConfigurationError, match="line 1"):
        tokens.reload()
    assert [entry.name for entry in tokens.entries] == ["a"]
    assert not tokens.reload(), "what is broken is told once"
    path.write_text(before + "b:watch:" + "2" * 64 + "\n")
    assert tokens.reload()
    assert [entry.name for entry in tokens.entries] == ["a", "b"]
